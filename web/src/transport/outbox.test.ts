/** Unaccepted messages: handed over when the page leaves, restored afterwards. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createEngine, type Engine } from './engine';
import { AT, collect, end, over, pass, row, scripted, start, userMessage, type Script } from '../testing/scripted';

let script: Script;
let engine: Engine;

beforeEach(() => {
  vi.useFakeTimers();
  script = scripted();
  engine = createEngine('c', script.edges);
});

afterEach(() => over(engine, script));

const say = (clientId: string) => collect(engine.turn({ clientId, content: `text of ${clientId}` }));
const left = () => script.callsTo('/generate/').map((call) => call.body);
const kept = () => JSON.parse(script.stored.get('outbox:c') ?? '[]').map((one: { clientId: string }) => one.clientId);
const shown = () => engine.messageQueue.list.map(({ clientId }) => clientId);
const handed = (clientId: string) => ({ client_id: clientId, content: `text of ${clientId}`, queue: true });
const reply = (clientId: string) => ({
  user_message: row('u1', 'user', { client_id: clientId }),
  message: row('a1', 'assistant', { client_id: clientId }),
});

/** The page is loaded anew, with what the browser has kept. */
function reload(known: string[] = []): void {
  engine.close();
  for (const call of script.calls.splice(0)) call.fail();
  engine = createEngine('c', script.edges);
  engine.open(new Set(known));
}

describe('the page leaves', () => {
  test('before the socket is open: by REST, to wait where something runs', async () => {
    engine.open();
    say('k1');
    engine.close();
    expect(left()).toEqual([handed('k1')]);
    script.calls[0]!.answer(200, reply('k1'));
    await pass();
    expect(kept()).toEqual([]);
  });

  test('by reload or by closing the window', () => {
    engine.open();
    say('k1');
    script.fire('pagehide');
    expect(left()).toEqual([handed('k1')]);
    expect(kept()).toEqual(['k1']);
  });

  test('after it was sent and before anybody answered', () => {
    engine.open();
    script.socket.ready();
    say('k1');
    engine.close();
    expect(left()).toEqual([handed('k1')]);
  });

  test('what is accepted is not said again', () => {
    engine.open();
    script.socket.ready();
    say('k1');
    script.socket.tell(userMessage('u1', 'k1', 'text of k1'));
    engine.close();
    expect(left()).toEqual([]);
    expect(kept()).toEqual([]);
  });

  test('what waited behind it follows, in its order', async () => {
    engine.open();
    say('k1');
    engine.enqueue({ clientId: 'k2', content: 'text of k2' });
    engine.close();
    expect(left()).toEqual([handed('k1')]);
    script.calls[0]!.answer(202, { queue: [] });
    await pass();
    expect(left()).toEqual([handed('k1'), handed('k2')]);
  });

  test('a regeneration that nobody has heard of', () => {
    engine.open();
    collect(engine.turn({ clientId: 'k1', messageId: 'a0' }));
    engine.close();
    expect(left()).toEqual([{ client_id: 'k1', message_id: 'a0' }]);
    expect(kept()).toEqual([]);
  });

  test('a call that carries it already is made again, so that it outlives the page', async () => {
    script.onSocket = (socket) => void Promise.resolve().then(() => socket.die());
    engine.open();
    say('k1');
    await pass();
    engine.close();
    expect(script.calls.map(({ aborted, body }) => [aborted, body!['client_id']])).toEqual([
      [true, 'k1'],
      [false, 'k1'],
    ]);
  });
});

describe('the conversation is opened again', () => {
  test('what could not be handed over waits, and is sent', async () => {
    engine.open();
    say('k1');
    engine.close();
    script.calls[0]!.fail();
    await pass();
    reload();
    expect(shown()).toEqual(['k1']);
    script.socket.ready();
    expect(script.socket.frames()).toEqual([{ type: 'user_message', ...handed('k1') }]);
    script.socket.tell(userMessage('u1', 'k1', 'text of k1'), start('a1', 'k1'), end('a1', 'Hi'));
    expect(shown()).toEqual([]);
    expect(kept()).toEqual([]);
  });

  test('what the server has is not sent again', () => {
    engine.open();
    say('k1');
    reload(['k1']);
    expect(shown()).toEqual([]);
    expect(kept()).toEqual([]);
  });

  test('before what is said next', async () => {
    engine.open();
    say('k1');
    reload();
    engine.enqueue({ clientId: 'k2', content: 'text of k2' });
    script.socket.ready();
    expect(script.socket.frames().map((frame) => 'client_id' in frame && frame.client_id)).toEqual(['k1', 'k2']);
  });

  test('it can be taken back, and is forgotten then', async () => {
    engine.open();
    say('k1');
    reload();
    const text = engine.messageQueue.unqueue('k1');
    script.callsTo('/queue/k1/')[0]!.answer(200, null);
    expect(await text).toMatchObject({ content: 'text of k1' });
    expect(kept()).toEqual([]);
  });

  test('and is taken back once it is there when it may be on its way', async () => {
    engine.open();
    say('k1');
    reload();
    const text = engine.messageQueue.unqueue('k1');
    script.callsTo('/queue/k1/')[0]!.answer(404, { error: { code: 'not_found', message: 'No.' } });
    await pass();
    expect(shown()).toEqual(['k1']);
    expect(kept()).toEqual(['k1']);
    script.socket.ready();
    const items = [{ client_id: 'k1', content: 'text of k1', created_at: AT }];
    script.socket.tell({ type: 'queue', conversation_id: 'c', held: false, items });
    await pass();
    script.callsTo('/queue/k1/')[1]!.answer(200, null);
    expect(await text).toMatchObject({ content: 'text of k1' });
    expect(shown()).toEqual([]);
    expect(kept()).toEqual([]);
  });
});

describe('what is given back is not kept', () => {
  test('a refusal', async () => {
    engine.open();
    script.socket.ready();
    say('k1');
    script.socket.tell({ type: 'error', code: 'too_long', message: 'Too long.', client_id: 'k1' });
    await pass();
    expect(kept()).toEqual([]);
  });

  test('stopped before it was sent', async () => {
    engine.open();
    say('k1');
    await engine.stop();
    expect(kept()).toEqual([]);
  });

  test('given up without an answer, it is', async () => {
    script.onSocket = (socket) => void Promise.resolve().then(() => socket.die());
    script.onCall = (call) => call.fail();
    engine.open();
    const turn = say('k1');
    await pass(120_000);
    expect(turn.error).toMatchObject({ code: 'unreachable' });
    expect(kept()).toEqual(['k1']);
  });
});

test('a browser that keeps nothing takes nothing away', () => {
  script.edges.stored.write = () => undefined;
  engine.open();
  say('k1');
  engine.close();
  expect(left()).toEqual([handed('k1')]);
});
