/** Every way in which a connection can fail, and what becomes of the turn. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createEngine, type Engine } from './engine';
import {
  answerGenerate,
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
});

afterEach(() => over(engine, script));

const mode = () => engine.connection.mode;
const ask = (clientId = 'k1') => collect(engine.turn({ clientId, content: 'hi' }));
const generateCalls = () => script.callsTo('/generate/');

async function begun() {
  engine.open();
  script.socket.ready();
  const turn = ask();
  script.socket.tell(userMessage('u1', 'k1', 'hi'), start('a1', 'k1'), delta('a1', 0, 'One '));
  await pass();
  return turn;
}

describe('lost before the reply has begun: the same client id by REST', () => {
  test('refused: at once, whole, marked, with the title', async () => {
    engine.open();
    const turn = ask();
    const titles: string[] = [];
    engine.onEvent((event) => event.type === 'conversation' && titles.push(event.title));
    script.socket.die();
    expect(mode()).toBe('rest');
    expect(generateCalls().map((call) => call.body)).toEqual([{ client_id: 'k1', content: 'hi' }]);
    await answerGenerate(script, 'One two');
    expect(turn.events.map((event) => event.type)).toEqual([
      'user_message',
      'message_start',
      'message_end',
    ]);
    expect(turn.events.at(-1)).toMatchObject({ viaRest: true, status: 'completed' });
    expect(turn).toMatchObject({ done: true });
    expect(turn.text()).toBe('One two');
    expect(titles).toEqual(['T']);
  });

  test.each([
    ['a socket that never opens', () => {}],
    ['one that opens and is never ready', () => script.socket.tell({ type: 'heartbeat' })],
  ])('%s: after three seconds', async (_name, begin) => {
    engine.open();
    const turn = ask();
    begin();
    await pass(2_999);
    expect(generateCalls()).toHaveLength(0);
    await pass(1);
    expect(generateCalls()).toHaveLength(1);
    expect(script.sockets[0]!.closed).toBe(true);
    await answerGenerate(script, 'One');
    expect(turn.text()).toBe('One');
  });

  test('dead after it took the frame', async () => {
    engine.open();
    script.socket.ready();
    const turn = ask();
    script.socket.die();
    await answerGenerate(script, 'One');
    expect(turn.text()).toBe('One');
    expect(generateCalls()).toHaveLength(1);
  });

  test('asked anew: the question, which is shown already, is not told again', async () => {
    engine.open();
    const turn = collect(engine.turn({ clientId: 'k2', messageId: 'a0' }));
    script.socket.die();
    await answerGenerate(script, 'One', 200, { user_message: row('u1', 'user', { client_id: 'k1' }) });
    expect(turn.text()).toBe('One');
    expect(turn.events.map((event) => event.type)).not.toContain('user_message');
  });

  test('dead after the question was accepted', async () => {
    engine.open();
    script.socket.ready();
    const turn = ask();
    script.socket.tell(userMessage('u1', 'k1', 'hi'));
    script.socket.die(1012);
    await answerGenerate(script, 'One');
    expect(turn.text()).toBe('One');
  });

  test('half-open: it takes the frame and says nothing', async () => {
    engine.open();
    script.socket.ready();
    const turn = ask();
    await pass(5_000);
    expect(engine.connection).toMatchObject({ mode: 'rest', reason: 'no_answer' });
    await answerGenerate(script, 'One');
    expect(turn.text()).toBe('One');
  });

  test('REST stays for 30 s; then the socket is tried on its own and used again', async () => {
    engine.open();
    script.socket.die();
    ask('k1');
    await answerGenerate(script, 'One');
    await pass(20_000);
    ask('k2');
    expect(script.sockets).toHaveLength(1);
    expect(generateCalls()).toHaveLength(2);
    await answerGenerate(script, 'Two');
    await pass(10_000);
    expect(script.sockets).toHaveLength(2);
    expect(mode()).toBe('rest');
    script.socket.ready();
    expect(mode()).toBe('socket');
    ask('k3');
    expect(script.socket.frames()).toMatchObject([{ type: 'user_message', client_id: 'k3' }]);
  });

  test('a socket that comes back takes the turn over from REST', async () => {
    engine.open();
    script.socket.die();
    const turn = ask();
    await pass(30_000);
    script.socket.ready();
    expect(generateCalls()[0]!.aborted).toBe(true);
    expect(script.socket.frames()).toMatchObject([{ type: 'user_message', client_id: 'k1' }]);
    script.socket.tell(userMessage('u1', 'k1', 'hi'), start('a1', 'k1', 'One ', 1));
    script.socket.tell(delta('a1', 1, 'two'), end('a1', 'One two'));
    await pass();
    expect(turn.text()).toBe('One two');
    expect(turn.events.filter((event) => event.type === 'message_end')).toHaveLength(1);
  });

  test('a long reply is asked for again before a proxy gives up', async () => {
    engine.open();
    script.socket.die();
    const turn = ask();
    // The background attempts at the socket fail too.
    script.onSocket = (socket) => queueMicrotask(() => socket.die());
    await pass(95_000);
    const bodies = generateCalls().map((call) => call.body!['client_id']);
    expect(bodies.length).toBeGreaterThan(1);
    expect(new Set(bodies)).toEqual(new Set(['k1']));
    await answerGenerate(script, 'One');
    expect(turn.text()).toBe('One');
  });
});

describe('lost after the reply has begun', () => {
  test.each([
    ['cut', async () => script.socket.die()],
    ['restarted', async () => script.socket.die(1012)],
    ['silent for two and a half heartbeats', async () => pass(25_000)],
  ])('%s: reconnecting, the same client id, and the snapshot', async (_name, lose) => {
    const turn = await begun();
    await lose();
    expect(mode()).toBe('reconnecting');
    expect(turn.text()).toBe('One ');
    await pass(400);
    expect(script.sockets).toHaveLength(2);
    script.socket.ready();
    expect(script.socket.frames()).toMatchObject([{ type: 'user_message', client_id: 'k1' }]);
    script.socket.tell(start('a1', 'k1', 'One two ', 2), delta('a1', 2, 'three'));
    script.socket.tell(end('a1', 'One two three'));
    await pass();
    expect(turn.text()).toBe('One two three');
    expect(generateCalls()).toHaveLength(0);
    expect(mode()).toBe('socket');
  });

  test('when the socket stays away, REST joins the reply', async () => {
    const turn = await begun();
    script.onSocket = (socket) => queueMicrotask(() => socket.die());
    script.socket.die();
    await pass(5_000);
    expect(script.sockets).toHaveLength(4);
    expect(mode()).toBe('rest');
    await answerGenerate(script, 'One two');
    expect(turn.text()).toBe('One two');
    expect(turn.done).toBe(true);
  });

  test('a reply begun elsewhere is read until it has ended', async () => {
    const turn = collect(engine.attach('a1')!);
    engine.open();
    script.socket.die();
    const reply = { status: 'streaming', content: 'One ' } as const;
    script.callsTo('/messages/a1/')[0]!.answer(200, row('a1', 'assistant', reply));
    await pass();
    expect(turn.text()).toBe('One ');
    await pass(1_500);
    const ended = row('a1', 'assistant', { content: 'One two' });
    script.callsTo('/messages/a1/')[1]!.answer(200, ended);
    await pass();
    expect(turn).toMatchObject({ done: true });
    expect(turn.text()).toBe('One two');
  });
});

describe('answers never fall back', () => {
  test.each([
    [4401, 'signed_out', 'not_authenticated'],
    [4404, 'missing', 'not_found'],
  ])('close code %i', async (code, expected, errorCode) => {
    engine.open();
    const turn = ask();
    script.socket.tell({ type: 'error', code: errorCode, message: 'No.' });
    script.socket.die(code);
    await pass(120_000);
    expect(mode()).toBe(expected);
    expect(turn.error).toMatchObject({ code: errorCode, refused: true });
    expect(script.calls).toEqual([]);
    expect(script.sockets).toHaveLength(1);
    const next = ask('k2');
    await pass();
    expect(next.error).toMatchObject({ code: errorCode, refused: true });
  });

  test('the session ends in mid-reply', async () => {
    const turn = await begun();
    script.socket.die(4401);
    await pass();
    expect(mode()).toBe('signed_out');
    expect(turn.error).toMatchObject({ code: 'not_authenticated', refused: false });
  });

  test('REST says the same', async () => {
    engine.open();
    const turn = ask();
    script.socket.die();
    const error = { code: 'not_authenticated', message: 'Sign in.' };
    generateCalls()[0]!.answer(401, { error });
    await pass();
    expect(mode()).toBe('signed_out');
    expect(turn.error).toMatchObject({ code: 'not_authenticated', refused: true });
  });

  test('signed in again: looking at the page connects it', async () => {
    engine.open();
    script.socket.die(4401);
    script.fire('wake');
    expect(script.sockets).toHaveLength(2);
    script.socket.ready();
    expect(mode()).toBe('socket');
  });

  test.each([400, 409, 413, 429, 503])('a REST refusal with %i rejects the turn', async (status) => {
    engine.open();
    const turn = ask();
    script.socket.die();
    generateCalls()[0]!.answer(status, { error: { code: 'why', message: 'Because.' } });
    await pass();
    expect(turn.error).toMatchObject({ code: 'why', message: 'Because.', refused: true });
    expect(mode()).toBe('rest');
  });

  test('a failed reply is no refusal: its text stays', async () => {
    engine.open();
    const turn = ask();
    script.socket.die();
    const error = { code: 'provider_error', message: 'It broke.', retryable: true };
    const failed = generated('k1', 'One', { status: 'failed', error });
    await answerGenerate(script, '', 502, { ...failed, error });
    expect(turn.events.at(-1)).toMatchObject({ status: 'failed', full_content: 'One', error });
    expect(turn.done).toBe(true);
  });
});
