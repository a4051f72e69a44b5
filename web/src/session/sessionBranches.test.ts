/** Branches, going on, and what came before, as the components see it. */
import { expect, test } from 'vitest';
import type { ServerEvent } from '../protocol';
import { delta, end, row, start, userMessage } from '../testing/scripted';
import { answered, asked, eachOnAStage, pass, Stage } from '../testing/stage';

let stage: Stage;

eachOnAStage((fresh) => (stage = fresh));

test('an edit is sent below the parent of what it replaces', async () => {
  stage.open([asked(), answered()]);
  stage.session.edit('u1', { content: 'hello' });
  await pass();
  expect(stage.lastFrame()).toMatchObject({ content: 'hello', parent_id: null });
  const clientId = stage.sentClientId();
  stage.tell(userMessage('u2', clientId, 'hello'), start('a2', clientId), end('a2', 'Two'));
  await pass();
  expect(stage.shown()).toEqual([
    ['user', 'hello', 'completed'],
    ['assistant', 'Two', 'completed'],
  ]);
  expect(stage.session.chat.messages[0]?.metadata?.sibling_ids).toEqual(['u1', 'u2']);
});

test('a refused edit leaves the thread as it was, and gives the text back', async () => {
  stage.open([asked(), answered()]);
  stage.session.edit('u1', { content: 'hello' });
  await pass();
  const refusal = { code: 'too_large', message: 'Too long.', client_id: stage.sentClientId() };
  stage.tell({ type: 'error', ...refusal });
  await pass();
  expect(stage.shown()).toHaveLength(2);
  expect(stage.session.sendError?.content).toBe('hello');
});

test('going on makes another reply below the cut one', async () => {
  stage.open([asked(), answered({ finish_reason: 'length' })]);
  stage.session.goOn('a1');
  await pass();
  expect(stage.session.busy).toBe(true);
  expect(stage.lastFrame()).toMatchObject({ type: 'regenerate', message_id: 'a1', continue: true });
  const clientId = stage.sentClientId();
  stage.tell({ ...start('a2', clientId), parent_id: 'a1' } as ServerEvent, delta('a2', 0, ' two'));
  await pass();
  expect(stage.shown().map(([, text]) => text)).toEqual(['hi', 'One', ' two']);
  stage.tell(end('a2', ' two'));
  await pass();
  expect(stage.session.busy).toBe(false);
});

test('another version is shown with what followed; a refusal changes nothing', async () => {
  const other = row('a0', 'assistant', { parent_id: 'u1', content: 'Nought' });
  stage.open([asked(), answered()]);
  stage.tree = [asked(), other, answered()];
  stage.onBranch = () => {
    throw new Error('busy');
  };
  expect(await stage.session.show('a0')).toBe(false);
  expect(stage.shown()[1]?.[1]).toBe('One');
  stage.onBranch = () => {
    stage.stored = [asked(), other];
  };
  expect(await stage.session.show('a0')).toBe(true);
  expect(stage.heads).toEqual(['a0', 'a0']);
  expect(stage.shown()[1]?.[1]).toBe('Nought');
});

test('another tab turned to another branch: it is shown here, too', async () => {
  stage.open([asked(), answered()]);
  stage.stored = [asked(), row('a0', 'assistant', { parent_id: 'u1', content: 'Nought' })];
  stage.tell({ type: 'conversation', id: 'c', title: 'hi', head_id: 'a0' });
  await pass();
  expect(stage.shown()[1]?.[1]).toBe('Nought');
});

test('what came before comes by pages', async () => {
  stage.pageSize = 2;
  stage.open([
    asked(),
    answered(),
    row('u2', 'user', { parent_id: 'a1' }),
    row('a2', 'assistant', { parent_id: 'u2' }),
  ]);
  expect(stage.session.hasOlder).toBe(true);
  expect(await stage.session.loadOlder()).toBe(true);
  expect(stage.session.chat.messages.map(({ id }) => id)).toEqual(['u1', 'a1', 'u2', 'a2']);
  expect(stage.session.hasOlder).toBe(false);
  expect(await stage.session.loadOlder()).toBe(false);
});
