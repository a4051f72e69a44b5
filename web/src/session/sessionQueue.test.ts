/** Queued messages, from the composer to the thread. */
import { describe, expect, test } from 'vitest';
import { AT, end, row, start, userMessage } from '../testing/scripted';
import { answered, asked, eachOnAStage, pass, Stage } from '../testing/stage';

let stage: Stage;

eachOnAStage((fresh) => (stage = fresh));

const queued = () => stage.session.queued.map(({ content }) => content);

describe('while a reply runs', () => {
  test('what is sent waits, with its parameters, and is shown in its turn', async () => {
    stage.open();
    await stage.begin();
    stage.parameters = { temperature: 0.1 };
    stage.session.send({ content: 'and then?' });
    expect(queued()).toEqual(['and then?']);
    const frame = stage.lastFrame()!;
    expect(frame).toMatchObject({ content: 'and then?', queue: true, parameters: { temperature: 0.1 } });
    expect(frame).not.toHaveProperty('parent_id');
    const clientId = String(frame['client_id']);
    stage.tell(end('a1', 'One'));
    await pass();
    stage.tell(
      { ...userMessage('u2', clientId, 'and then?'), parent_id: 'a1' } as never,
      { ...start('a2', clientId, 'Two'), parent_id: 'u2' } as never,
    );
    await pass();
    expect(queued()).toEqual([]);
    expect(stage.shown()).toEqual([
      ['user', 'hi', 'completed'],
      ['assistant', 'One', 'completed'],
      ['user', 'and then?', 'completed'],
      ['assistant', 'Two', 'streaming'],
    ]);
    expect(stage.session.busy).toBe(true);
  });

  test('what is sent after it waits behind what waits', async () => {
    stage.open();
    await stage.begin();
    stage.session.send({ content: 'second' });
    stage.tell(end('a1', 'One'));
    await pass();
    expect(stage.session.busy).toBe(false);
    stage.session.send({ content: 'third' });
    expect(stage.lastFrame()).toMatchObject({ content: 'third', queue: true });
  });

  test('what is refused goes back to the composer', async () => {
    stage.open();
    await stage.begin();
    stage.session.send({ content: 'too much' });
    stage.tell({ type: 'error', code: 'queue_full', message: 'Full.', client_id: stage.sentClientId() });
    expect(stage.session.sendError).toEqual({ content: 'too much', code: 'queue_full', message: 'Full.' });
    expect(stage.session.busy).toBe(true);
  });
});

test('over REST the turn of what waits is found by reading', async () => {
  stage.script.onSocket = (socket) => void Promise.resolve().then(() => socket.die());
  stage.build([asked(), answered()]);
  stage.script.queue = [{ client_id: 'k9', content: 'next', created_at: AT }];
  stage.session.open();
  await pass();
  expect(queued()).toEqual(['next']);
  stage.script.queue = [];
  stage.stored.push(row('u2', 'user', { parent_id: 'a1', client_id: 'k9', content: 'next' }));
  stage.stored.push(row('a2', 'assistant', { parent_id: 'u2', status: 'streaming', content: 'Tw' }));
  await pass(1_500);
  expect(queued()).toEqual([]);
  expect(stage.session.busy).toBe(true);
  stage.script.callsTo('/messages/a2/')[0]!.answer(200, row('a2', 'assistant', { parent_id: 'u2', content: 'Two' }));
  await pass();
  expect(stage.shown().slice(2)).toEqual([
    ['user', 'next', 'completed'],
    ['assistant', 'Two', 'completed'],
  ]);
});
