import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createEngine, type Engine } from './engine';
import {
  collect,
  delta,
  end,
  generated,
  over,
  pass,
  scripted,
  start,
  userMessage,
  type Script,
} from '../testing/scripted';
import type { ForeignEvent } from './types';

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

function listen(): ForeignEvent[] {
  const events: ForeignEvent[] = [];
  engine.onForeign((event) => void events.push(event));
  return events;
}

function openReady(): void {
  engine.open();
  script.socket.ready();
}

/** A turn that has begun: its first word has come. */
async function begun() {
  openReady();
  const turn = ask();
  script.socket.tell(userMessage('u1', 'k1', 'hi'), start('a1', 'k1'), delta('a1', 0, 'One'));
  await pass();
  return turn;
}

describe('over the socket', () => {
  test('a turn is one frame, and its events in order', async () => {
    openReady();
    const turn = collect(
      engine.turn({ clientId: 'k1', content: 'hi', parameters: { temperature: 0.2 } }),
    );
    script.socket.tell(userMessage('u1', 'k1', 'hi'), start('a1', 'k1'));
    script.socket.tell(delta('a1', 0, 'One '), delta('a1', 1, 'two'), end('a1', 'One two'));
    await pass();
    expect(script.socket.frames()).toEqual([
      { type: 'user_message', client_id: 'k1', content: 'hi', parameters: { temperature: 0.2 } },
    ]);
    expect(turn.events.map((event) => event.type)).toEqual([
      'user_message',
      'message_start',
      'delta',
      'delta',
      'message_end',
    ]);
    expect(turn).toMatchObject({ done: true, error: undefined });
    expect(turn.text()).toBe('One two');
    expect(mode()).toBe('socket');
    expect(script.calls).toEqual([]);
  });

  test('a turn asked for before the socket is ready waits for it', async () => {
    engine.open();
    const turn = ask();
    expect(mode()).toBe('connecting');
    script.socket.ready();
    script.socket.tell(userMessage('u1', 'k1', 'hi'), start('a1', 'k1'), end('a1', 'One'));
    await pass();
    expect(script.socket.frames()).toHaveLength(1);
    expect(turn.text()).toBe('One');
  });

  test('a regeneration is a frame of its own', async () => {
    openReady();
    collect(engine.turn({ clientId: 'k2', messageId: 'a1' }));
    expect(script.socket.frames()).toEqual([
      { type: 'regenerate', client_id: 'k2', message_id: 'a1' },
    ]);
  });

  test('heartbeats are sent', async () => {
    openReady();
    await pass(10_000);
    script.socket.tell({ type: 'heartbeat' });
    await pass(10_000);
    expect(script.socket.sent).toEqual([{ type: 'heartbeat' }, { type: 'heartbeat' }]);
  });

  test('what a delta repeats is dropped, and a hole asks once for a snapshot', async () => {
    const turn = await begun();
    script.socket.tell(delta('a1', 0, 'One'), delta('a1', 3, 'four'), delta('a1', 4, 'five'));
    expect(script.socket.frames().slice(1)).toEqual([{ type: 'follow', id: 'a1' }]);
    script.socket.tell(start('a1', 'k1', 'One two three four five', 5), delta('a1', 5, ' six'));
    script.socket.tell(end('a1', 'One two three four five six'));
    await pass();
    expect(turn.events.map((event) => event.type)).toEqual([
      'user_message',
      'message_start',
      'delta',
      'message_start',
      'delta',
      'message_end',
    ]);
    expect(turn.text()).toBe('One two three four five six');
  });

  test('an error about our frame rejects the turn with its code and fields', async () => {
    openReady();
    const turn = ask();
    script.socket.tell({
      type: 'error',
      code: 'invalid_parameters',
      message: 'No.',
      client_id: 'k1',
      fields: { temperature: ['Too hot.'] },
    });
    await pass();
    expect(turn.error).toMatchObject({
      code: 'invalid_parameters',
      refused: true,
      fields: { temperature: ['Too hot.'] },
    });
    expect(mode()).toBe('socket');
  });

  test('frames that are no events are skipped', async () => {
    const turn = await begun();
    for (const text of ['', '[1]', '{"type":"telepathy"}', 'null']) script.socket.tellText(text);
    script.socket.tell(end('a1', 'One'));
    await pass();
    expect(turn.done).toBe(true);
  });
});

describe('turns begun elsewhere', () => {
  test('are told, can be followed from any moment, and stopped', async () => {
    openReady();
    const foreign = listen();
    script.socket.tell(userMessage('u1', 'other', 'hi'), start('a1', 'other'));
    script.socket.tell(delta('a1', 0, 'One '));
    expect(foreign.map((event) => event.type)).toEqual(['user_message', 'message_start']);
    expect(engine.runningId).toBe('a1');
    const turn = collect(engine.attach()!);
    script.socket.tell(delta('a1', 1, 'two'));
    const late = collect(engine.attach('a1')!);
    const stopped = engine.stop();
    expect(script.socket.frames()).toEqual([{ type: 'stop', id: 'a1' }]);
    script.socket.tell(end('a1', 'One two', { status: 'stopped' }));
    await stopped;
    await pass();
    expect(turn.text()).toBe('One two');
    expect(late.events[0]).toMatchObject({ type: 'message_start', content: 'One two', seq: 2 });
    expect(late.done).toBe(true);
    expect(engine.runningId).toBeNull();
    expect(engine.attach()).toBeNull();
  });

  test('a reply known from history is followed by its id', async () => {
    engine.open();
    const turn = collect(engine.attach('a1')!);
    script.socket.ready();
    expect(script.socket.frames()).toEqual([{ type: 'follow', id: 'a1' }]);
    script.socket.tell(start('a1', 'old', 'One ', 1), start('a1', 'old', 'One ', 1));
    script.socket.tell(delta('a1', 1, 'two'), end('a1', 'One two'));
    await pass();
    expect(turn.text()).toBe('One two');
  });

  test('what is said of the socket is not said of a reply', async () => {
    openReady();
    script.socket.tell(start('a1', 'other', 'One ', 1));
    const turn = collect(engine.attach()!);
    script.socket.tell({ type: 'error', code: 'restarting', message: 'Connect again.' });
    script.socket.die(1012);
    await pass(1_000);
    expect(turn.error).toBeUndefined();
    script.socket.ready();
    script.socket.tell(start('a1', 'other', 'One ', 1), end('a1', 'One two'));
    await pass();
    expect(turn.text()).toBe('One two');
  });

  test('a snapshot of what has ended here begins nothing', async () => {
    await begun();
    const foreign = listen();
    script.socket.tell(end('a1', 'One'), start('a1', 'k1', 'One', 1), end('a1', 'One'));
    expect(foreign).toEqual([]);
    expect(engine.attach()).toBeNull();
  });

  test('after a gap in the connection everything may be stale', async () => {
    openReady();
    const foreign = listen();
    script.socket.die();
    await pass(1_000);
    script.socket.ready();
    expect(foreign).toEqual([{ type: 'stale' }]);
  });

  test('cancelling a reader stops nothing', async () => {
    openReady();
    script.socket.tell(start('a1', 'other'));
    await engine.attach()!.cancel();
    const turn = collect(engine.attach()!);
    script.socket.tell(end('a1', 'One'));
    await pass();
    expect(turn.text()).toBe('One');
    expect(script.socket.frames()).toEqual([]);
  });
});

describe('leaving', () => {
  test('closes the socket, the timers and the listeners, and stops nothing', async () => {
    const turn = await begun();
    engine.close();
    await pass();
    expect(script.socket.closed).toBe(true);
    expect(script.socket.frames().map((frame) => frame.type)).toEqual(['user_message']);
    expect(script.listeners).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
    expect(turn.error).toMatchObject({ code: 'closed', refused: false });
  });

  test('and coming back opens one new socket', async () => {
    openReady();
    engine.close();
    engine.open();
    engine.open();
    expect(script.sockets).toHaveLength(2);
    script.socket.ready();
    expect(mode()).toBe('socket');
  });

  test('leaving during a REST call gives it up', async () => {
    engine.open();
    script.socket.die();
    const turn = ask();
    expect(script.callsTo('/generate/')).toHaveLength(1);
    engine.close();
    await pass();
    expect(script.calls[0]!.aborted).toBe(true);
    expect(turn.error).toMatchObject({ code: 'closed' });
    script.calls[0]!.answer(200, generated('k1', 'One'));
  });
});
