import { expect, test } from 'vitest';
import type { MessageStartEvent, UserMessageEvent } from '../protocol';
import { row, start, userMessage } from '../testing/scripted';
import { placeReply, placeUserMessage } from './placing';
import { mergeThread, toThread } from './thread';
import { newestLeaf, Versions } from './versions';

const at = (second: number) => `2026-08-01T08:00:0${second}.000Z`;
const node = (id: string, parent: string | null, second: number) => ({
  id,
  parent_id: parent,
  created_at: at(second),
});

test('the newest end of a branch, where a question and its reply have one time', () => {
  const nodes = [
    node('u1', null, 1),
    node('a1', 'u1', 1),
    node('b1', 'u1', 2),
    node('u2', 'a1', 3),
    node('a2', 'u2', 3),
    node('u3', 'b1', 4),
  ];
  expect(newestLeaf(nodes, 'a1')).toBe('a2');
  expect(newestLeaf(nodes, 'b1')).toBe('u3');
  expect(newestLeaf(nodes, 'u1')).toBe('u3');
  expect(newestLeaf(nodes, 'a2')).toBe('a2');
  expect(newestLeaf(nodes, 'x')).toBeNull();
});

test('the models of versions are learned, too', () => {
  const versions = new Versions();
  const listed = { parent_id: 'u1', sibling_ids: ['a1', 'a2'], sibling_models: ['llama', null] };
  versions.learn(toThread([row('a1', 'assistant', listed)]));
  versions.add('assistant', { id: 'a3', parent_id: 'u1', model: 'qwen' });
  expect(['a1', 'a2', 'a3'].map((id) => versions.modelOf(id))).toEqual(['llama', undefined, 'qwen']);
});

test('versions are learned from lists and from events', () => {
  const versions = new Versions();
  versions.learn(toThread([row('u1', 'user', {}), row('a1', 'assistant', { parent_id: 'u1' })]));
  expect(versions.add('user', { id: 'u2', parent_id: 'a1' })).toBeUndefined();
  expect(versions.add('assistant', { id: 'a2', parent_id: 'u1' })).toEqual(['a1', 'a2']);
  expect(versions.add('assistant', { id: 'a2', parent_id: 'u1' })).toEqual(['a1', 'a2']);
});

const edit: UserMessageEvent = {
  ...(userMessage('u3', 'k', 'else') as UserMessageEvent),
  parent_id: 'a1',
};
const replyTo = (parent: string): MessageStartEvent => ({
  ...(start('a3', 'k') as MessageStartEvent),
  parent_id: parent,
});

const thread = () =>
  toThread([
    row('u1', 'user', {}),
    row('a1', 'assistant', { parent_id: 'u1' }),
    row('u2', 'user', { parent_id: 'a1' }),
    row('a2', 'assistant', { parent_id: 'u2' }),
  ]);

test('a branch begun elsewhere takes the place of what came after its parent', () => {
  const placed = placeUserMessage(thread(), edit, ['u2', 'u3']);
  expect(placed.messages.map(({ id }) => id)).toEqual(['u1', 'a1', 'u3']);
  expect(placed.messages[2]?.metadata?.sibling_ids).toEqual(['u2', 'u3']);
  expect(placed.stale).toBe(false);
  const reply = placeReply(thread(), replyTo('u1'));
  expect(reply.messages.map(({ id }) => id)).toEqual(['u1']);
  expect(placeReply(thread(), replyTo('x')).stale).toBe(true);
});

test('what was shown before the first stored message stays', () => {
  const stored = thread().slice(2);
  expect(mergeThread(thread(), stored).map(({ id }) => id)).toEqual(['u1', 'a1', 'u2', 'a2']);
  expect(mergeThread([], stored)).toHaveLength(2);
});
