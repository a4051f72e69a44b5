/** Neither socket nor REST works, or the browser reports no network. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createEngine, type Engine } from './engine';
import {
  answerGenerate,
  collect,
  end,
  over,
  pass,
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
});

afterEach(() => over(engine, script));

const mode = () => engine.connection.mode;
const ask = (clientId = 'k1') => collect(engine.turn({ clientId, content: 'hi' }));
const generateCalls = () => script.callsTo('/generate/');

describe('nothing can be reached', () => {
  beforeEach(() => {
    script.onSocket = (socket) => queueMicrotask(() => socket.die());
    script.onCall = (call) => call.fail();
  });

  test('it is tried again and again, and goes out once when the server is back', async () => {
    engine.open();
    const turn = ask();
    const modes: string[] = [];
    await pass();
    engine.subscribe(() => void modes.push(mode()));
    await pass(30_000);
    expect(mode()).toBe('reconnecting');
    expect(modes).toEqual([]);
    expect(generateCalls().length).toBeGreaterThan(3);
    script.onCall = () => {};
    await pass(10_000);
    await answerGenerate(script, 'One');
    expect(turn.text()).toBe('One');
    expect(mode()).toBe('rest');
  });

  test('after a minute the turn is given up, not knowing whether it was accepted', async () => {
    engine.open();
    const turn = ask();
    await pass(59_000);
    expect(turn.error).toBeUndefined();
    await pass(15_000);
    expect(turn.error).toMatchObject({ code: 'unreachable', refused: false });
  });

  test('a page of some proxy is no answer', async () => {
    script.onCall = (call) => call.answer(502, '<html>');
    engine.open();
    const turn = ask();
    await pass(3_000);
    expect(turn.error).toBeUndefined();
    expect(mode()).toBe('reconnecting');
  });
});

describe('offline', () => {
  test('what is sent is held, and goes out once on return', async () => {
    script.online = false;
    engine.open();
    script.socket.die();
    expect(mode()).toBe('offline');
    const turn = ask();
    script.socket.die();
    await pass(60_000);
    expect(generateCalls()).toEqual([]);
    script.online = true;
    script.fire('online');
    script.socket.ready();
    script.socket.tell(userMessage('u1', 'k1', 'hi'), start('a1', 'k1'), end('a1', 'One'));
    await pass();
    expect(script.socket.frames()).toHaveLength(1);
    expect(turn.text()).toBe('One');
    expect(mode()).toBe('socket');
  });

  test('the event is believed until something is heard', async () => {
    engine.open();
    script.socket.ready();
    script.fire('offline');
    expect(mode()).toBe('offline');
    script.socket.tell({ type: 'heartbeat' });
    expect(mode()).toBe('socket');
  });

  test('waking up notices a socket that died in the sleep', async () => {
    engine.open();
    script.socket.ready();
    vi.setSystemTime(Date.now() + 3_600_000);
    script.fire('wake');
    expect(engine.connection).toMatchObject({ mode: 'reconnecting', reason: 'silent' });
  });

  test('what was never sent can be taken back', async () => {
    script.online = false;
    engine.open();
    const turn = ask();
    script.socket.die();
    await engine.stop();
    await pass();
    expect(turn.error).toMatchObject({ code: 'cancelled', refused: true });
  });
});
