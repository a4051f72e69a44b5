import { describe, expect, test } from 'vitest';
import { row } from '../testing/scripted';
import { isRunningReply, isUnaccepted, mergeThread, serverIdOf, toThread } from './thread';

const sent = (id: string, status: 'sending' | 'completed' | 'failed') => ({
  id,
  role: 'user' as const,
  parts: [{ type: 'text' as const, text: id }],
  metadata: { status, client_id: id },
});

describe('stored messages become the thread', () => {
  test('reasoning before text, and nothing for what is empty', () => {
    const [reply, empty] = toThread([
      row('a1', 'assistant', { reasoning: 'Hm.', content: 'One', model: 'm' }),
      row('a2', 'assistant', { status: 'interrupted' }),
    ]);
    expect(reply?.parts).toEqual([
      { type: 'reasoning', text: 'Hm.', state: 'done' },
      { type: 'text', text: 'One', state: 'done' },
    ]);
    expect(reply?.metadata).toMatchObject({ model: 'm', status: 'completed' });
    expect(empty?.parts).toEqual([]);
  });

  test('what is not shown is left out', () => {
    const system = { ...row('s1', 'user', {}), role: 'system' as const };
    expect(toThread([system, row('u1', 'user', {})]).map(({ id }) => id)).toEqual(['u1']);
  });
});

describe('merging what is stored into what is shown', () => {
  const stored = toThread([
    row('u1', 'user', { client_id: 'k1', content: 'hi' }),
    row('a1', 'assistant', { client_id: 'k1', content: 'One' }),
  ]);

  test('a message sent here keeps its id, and knows the server’s', () => {
    const merged = mergeThread([sent('k1', 'completed')], stored);
    expect(merged.map(({ id }) => id)).toEqual(['k1', 'a1']);
    expect(serverIdOf(merged[0]!)).toBe('u1');
    expect(mergeThread(merged, stored).map(({ id }) => id)).toEqual(['k1', 'a1']);
  });

  test('what is not accepted yet stays at the end; what was, is there once', () => {
    const merged = mergeThread([sent('k1', 'failed'), sent('k2', 'failed')], stored);
    expect(merged.map(({ id }) => id)).toEqual(['k1', 'a1', 'k2']);
    expect(merged[0]?.metadata?.status).toBe('completed');
  });
});

test('states', () => {
  const [running] = toThread([row('a1', 'assistant', { status: 'stopping' })]);
  expect(isRunningReply(running)).toBe(true);
  expect(isRunningReply(undefined)).toBe(false);
  expect(isRunningReply(sent('k1', 'sending'))).toBe(false);
  expect([sent('k1', 'sending'), sent('k1', 'completed')].map(isUnaccepted)).toEqual([true, false]);
});
