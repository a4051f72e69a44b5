/** Messages that were deleted or restored, here or elsewhere. */
import { expect, test } from 'vitest';
import type { ServerEvent } from '../protocol';
import { delta, end, row, start, userMessage } from '../testing/scripted';
import { answered, asked, eachOnAStage, pass, Stage } from '../testing/stage';

let stage: Stage;

eachOnAStage((fresh) => (stage = fresh));

const next = () => [
  row('u2', 'user', { parent_id: 'a1', content: 'more' }),
  row('a2', 'assistant', { parent_id: 'u2', content: 'Two' }),
];
const changed = (revision: number, deleted?: string): ServerEvent => ({
  type: 'conversation',
  id: 'c',
  title: 'hi',
  head_id: 'a2',
  revision,
  ...(deleted ? { deleted } : {}),
});
const texts = () => stage.shown().map(([, text]) => text);

test('a message that was deleted elsewhere goes, and comes back when it is restored', async () => {
  const all = [asked(), answered(), ...next()];
  stage.open(all);
  const [u2, a2] = next();
  stage.stored = [asked(), { ...u2!, parent_id: 'u1' }, a2!];
  stage.tell(changed(1, 'a1'));
  await pass();
  expect(texts()).toEqual(['hi', 'more', 'Two']);
  stage.stored = all;
  stage.tell(changed(2));
  await pass();
  expect(texts()).toEqual(['hi', 'One', 'more', 'Two']);
});

test('one that was read by going back goes, too, and so does the first one', async () => {
  stage.pageSize = 2;
  stage.open([asked(), answered(), ...next()]);
  await stage.session.loadOlder();
  const [u2, a2] = next();
  stage.stored = [{ ...answered(), parent_id: null }, u2!, a2!];
  stage.tell(changed(1, 'u1'));
  // Before it is read again: nothing comes before what is first now.
  expect(texts()).toEqual(['One', 'more', 'Two']);
  expect(stage.session.hasOlder).toBe(false);
  await pass();
  expect(texts()).toEqual(['One', 'more', 'Two']);
});

test('nothing is read again while the revision stays', async () => {
  stage.open([asked(), answered(), ...next()]);
  stage.stored = [];
  stage.tell(changed(0));
  await pass();
  expect(stage.shown()).toHaveLength(4);
});

test('a running reply is not disturbed: the messages are read when it has ended', async () => {
  stage.open([asked(), answered()]);
  stage.session.send({ content: 'more' });
  await pass();
  const clientId = stage.sentClientId();
  stage.tell({ ...userMessage('u2', clientId, 'more'), parent_id: 'a1' } as ServerEvent, start('a2', clientId), delta('a2', 0, 'Tw'));
  await pass();
  const [u2, a2] = next();
  stage.stored = [{ ...answered(), parent_id: null }, { ...u2!, client_id: clientId }, a2!];
  stage.tell(changed(1, 'u1'), delta('a2', 1, 'o'));
  await pass();
  expect(texts()).toEqual(['hi', 'One', 'more', 'Two']);
  stage.tell(end('a2', 'Two'));
  await pass();
  expect(texts()).toEqual(['One', 'more', 'Two']);
});

test('what was deleted from here goes without waiting for the event', async () => {
  stage.open([asked(), answered()]);
  stage.stored = [asked()];
  stage.session.revise('a1');
  expect(texts()).toEqual(['hi']);
  await pass();
  expect(texts()).toEqual(['hi']);
});

test('a rating is kept with the reply, and taken back', () => {
  stage.open([asked(), answered()]);
  const rating = () => stage.session.chat.messages[1]?.metadata?.rating;
  stage.session.rated('a1', -1, 'wrong');
  expect(rating()).toEqual({ value: -1, comment: 'wrong' });
  stage.session.rated('a1', 0, '');
  expect(rating()).toBeUndefined();
});
