import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createEngine, type Engine } from './engine';
import {
  collect,
  delta,
  end,
  generated,
  over,
  pass,
  row,
  scripted,
  start,
  userMessage,
  type Script,
} from '../testing/scripted';

let script: Script;
let engine: Engine;

beforeEach(() => {
  vi.useFakeTimers();
  script = scripted();
  engine = createEngine('c', script.edges);
  engine.open();
});

afterEach(() => over(engine, script));

const ask = () => collect(engine.turn({ clientId: 'k1', content: 'hi' }));
const stopFrames = () => script.socket.frames().filter((frame) => frame.type === 'stop');

test('the phase shows at once, the text stands still, and the end brings what was made', async () => {
  script.socket.ready();
  const turn = ask();
  script.socket.tell(userMessage('u1', 'k1', 'hi'), start('a1', 'k1'), delta('a1', 0, 'One'));
  const stopped = engine.stop();
  expect(stopFrames()).toEqual([{ type: 'stop', id: 'a1' }]);
  script.socket.tell(delta('a1', 1, ' two'));
  await pass();
  expect(turn.events.at(-1)).toMatchObject({ type: 'status', phase: 'stopping' });
  expect(turn.text()).toBe('One');
  script.socket.tell(end('a1', 'One two', { status: 'stopped' }));
  await stopped;
  await pass();
  expect(turn.text()).toBe('One two');
  expect(turn.events.at(-1)).toMatchObject({ status: 'stopped' });
});

test('before the id is known it is remembered, and sent once', async () => {
  script.socket.ready();
  const turn = ask();
  void engine.stop();
  void engine.stop();
  script.socket.tell(userMessage('u1', 'k1', 'hi'));
  expect(stopFrames()).toEqual([]);
  script.socket.tell(start('a1', 'k1'));
  expect(stopFrames()).toEqual([{ type: 'stop', id: 'a1' }]);
  script.socket.tell(end('a1', '', { status: 'stopped' }));
  await pass();
  expect(turn.done).toBe(true);
});

test('a stop that went down with its socket is sent again', async () => {
  script.socket.ready();
  const turn = ask();
  script.socket.tell(start('a1', 'k1'), delta('a1', 0, 'One'));
  void engine.stop();
  script.socket.die();
  await pass(1_000);
  script.socket.ready();
  expect(stopFrames()).toEqual([{ type: 'stop', id: 'a1' }]);
  script.socket.tell(start('a1', 'k1', 'One', 1), end('a1', 'One', { status: 'stopped' }));
  await pass();
  expect(turn.done).toBe(true);
});

test('a stop that the socket swallows goes by REST too', async () => {
  script.socket.ready();
  ask();
  script.socket.tell(start('a1', 'k1'));
  void engine.stop();
  await pass(5_000);
  expect(script.callsTo('/stop/').map((call) => call.body)).toEqual([{ id: 'a1' }]);
  script.callsTo('/stop/')[0]!.answer(200, row('a1', 'assistant', { status: 'stopped' }));
});

test('while REST carries the turn, the running reply is looked up and stopped', async () => {
  script.socket.die();
  const turn = ask();
  const stopped = engine.stop();
  // It is not accepted yet: the head is still an old reply.
  script.callsTo('/conversations/c/')[0]!.answer(200, { head_id: 'a0' });
  await pass();
  const old = row('a0', 'assistant', { client_id: 'k0' });
  script.callsTo('/messages/a0/')[0]!.answer(200, old);
  await pass(500);
  script.callsTo('/conversations/c/')[1]!.answer(200, { head_id: 'a1' });
  await pass();
  const running = row('a1', 'assistant', { client_id: 'k1', status: 'streaming' });
  script.callsTo('/messages/a1/')[0]!.answer(200, running);
  await pass();
  expect(script.callsTo('/stop/').map((call) => call.body)).toEqual([{ id: 'a1' }]);
  script.callsTo('/stop/')[0]!.answer(200, { ...running, status: 'stopped' });
  const reply = generated('k1', 'One', { status: 'stopped' });
  script.callsTo('/generate/')[0]!.answer(200, reply);
  await pass();
  script.callsTo('/conversations/c/')[2]!.answer(200, { id: 'c', title: 'T', head_id: 'a1' });
  await stopped;
  await pass();
  expect(turn.events.at(-1)).toMatchObject({ type: 'message_end', status: 'stopped' });
});

test('with nothing running it does nothing', async () => {
  script.socket.ready();
  await engine.stop();
  await engine.stop('a1');
  expect(script.socket.frames()).toEqual([]);
  expect(script.calls).toEqual([]);
});
