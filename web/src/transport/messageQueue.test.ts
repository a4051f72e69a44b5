/** The message queue: shown, sent and unqueued, over the socket and over REST. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { QueuedItem, ServerEvent } from '../protocol';
import { createEngine, type Engine } from './engine';
import { AT, collect, end, over, pass, scripted, start, userMessage, type Script } from '../testing/scripted';
import { CONFIRM_MS, QUEUE_POLL_MS } from './messageQueue';

let script: Script;
let engine: Engine;
let refused: [string, string][];

beforeEach(() => {
  vi.useFakeTimers();
  script = scripted();
  engine = createEngine('c', script.edges);
  refused = [];
  engine.messageQueue.onRefused = ({ content }, error) => void refused.push([content, error.code]);
});

afterEach(() => over(engine, script));

const item = (clientId: string, changes: Partial<QueuedItem> = {}): QueuedItem => ({
  client_id: clientId,
  content: `text of ${clientId}`,
  created_at: AT,
  ...changes,
});
const queue = (...items: QueuedItem[]): ServerEvent => ({ type: 'queue', conversation_id: 'c', held: false, items });
const add = (clientId: string) => engine.enqueue({ clientId, content: `text of ${clientId}` });
/** The queue; `?` marks messages that the server has not answered. */
const shown = () =>
  engine.messageQueue.list.map(({ clientId, sending, error }) => `${clientId}${sending ? '?' : ''}${error ? '!' : ''}`);
const asked = () => script.socket.frames().filter((frame) => frame.type === 'user_message');

/** A reply runs. */
async function running() {
  engine.open();
  script.socket.ready();
  const turn = collect(engine.turn({ clientId: 'k1', content: 'hi' }));
  script.socket.tell(userMessage('u1', 'k1', 'hi'), start('a1', 'k1'));
  await pass();
  return turn;
}

/** There is no socket, and REST carries the running reply. */
async function runningByRest() {
  script.onSocket = (socket) => void Promise.resolve().then(() => socket.die());
  engine.open();
  const turn = collect(engine.turn({ clientId: 'k1', content: 'hi' }));
  await pass();
  return turn;
}

const calls = () => script.callsTo('/generate/').slice(1);

describe('on the socket', () => {
  test('it is sent with its mark, and waits when the server says so', async () => {
    await running();
    add('k2');
    expect(shown()).toEqual(['k2?']);
    expect(asked().at(-1)).toEqual({
      type: 'user_message', client_id: 'k2', content: 'text of k2', queue: true,
    });
    script.socket.tell(queue(item('k2')));
    expect(shown()).toEqual(['k2']);
  });

  test('it leaves the queue as soon as its turn begins', async () => {
    await running();
    add('k2');
    script.socket.tell(queue(item('k2')), end('a1', ''), userMessage('u2', 'k2', 'text of k2'));
    expect(shown()).toEqual([]);
  });

  test('what is held does not make others wait, and goes on when it is resumed', async () => {
    await running();
    add('k2');
    script.socket.tell({ ...queue(item('k2')), held: true } as ServerEvent);
    expect(engine.messageQueue.isHeld).toBe(true);
    expect(engine.messageQueue.willSend).toBe(false);
    await engine.messageQueue.resume();
    expect(script.socket.frames().at(-1)).toEqual({ type: 'queue_resume' });
    script.socket.tell(queue(item('k2')));
    expect(engine.messageQueue.willSend).toBe(true);
  });

  test('it is put into another order', async () => {
    await running();
    add('k2');
    script.socket.tell(queue(item('k2'), item('k3')));
    await engine.messageQueue.arrange(['k3', 'k2']);
    expect(script.socket.frames().at(-1)).toEqual({ type: 'queue_order', client_ids: ['k3', 'k2'] });
    script.socket.tell(queue(item('k3'), item('k2')));
    expect(shown()).toEqual(['k3', 'k2']);
  });

  test('it does not overtake what is not accepted yet', async () => {
    engine.open();
    script.socket.ready();
    collect(engine.turn({ clientId: 'k1', content: 'hi' }));
    add('k2');
    add('k3');
    expect(asked()).toHaveLength(1);
    script.socket.tell(userMessage('u1', 'k1', 'hi'));
    expect(asked().map((frame) => frame.client_id)).toEqual(['k1', 'k2', 'k3']);
  });

  test('what another tab lets wait is shown, and why something was not sent', async () => {
    await running();
    const error = { code: 'validation_error', message: 'No.', retryable: false };
    script.socket.tell(queue(item('x1', { error }), item('x2')));
    expect(shown()).toEqual(['x1!', 'x2']);
    expect(engine.messageQueue.willSend).toBe(true);
    script.socket.tell(queue(item('x1', { error })));
    expect(engine.messageQueue.willSend).toBe(false);
  });

  test('a refusal gives the text back and touches no turn', async () => {
    const turn = await running();
    add('k2');
    script.socket.tell({ type: 'error', code: 'queue_full', message: 'Full.', client_id: 'k2' });
    expect(refused).toEqual([['text of k2', 'queue_full']]);
    expect(shown()).toEqual([]);
    expect(turn.error).toBeUndefined();
  });

  test('without an answer it is sent again on the next socket', async () => {
    await running();
    add('k2');
    script.socket.die();
    await pass(30_000);
    const again = script.sockets.find((socket) => socket !== script.sockets[0])!;
    again.ready();
    expect(again.frames().map((frame) => 'client_id' in frame && frame.client_id)).toContain('k2');
    again.tell(queue(item('k2')));
    expect(shown()).toEqual(['k2']);
  });

  test('what was said while we were away is not shown for ever', async () => {
    await running();
    script.socket.tell(queue(item('k2')), end('a1', ''));
    script.socket.die();
    await pass(1_000);
    script.socket.ready();
    expect(shown()).toEqual(['k2']);
    await pass(CONFIRM_MS);
    expect(shown()).toEqual([]);
  });

  test('signed out: the text comes back', async () => {
    await running();
    script.socket.die(4401);
    add('k2');
    expect(refused).toEqual([['text of k2', 'not_authenticated']]);
  });
});

describe('taking back', () => {
  test('removes it on the server and gives its text', async () => {
    await running();
    script.socket.tell(queue(item('k2')));
    const text = engine.messageQueue.unqueue('k2');
    const [call] = script.callsTo('/queue/k2/');
    expect(call!.method).toBe('DELETE');
    call!.answer(200, null);
    expect(await text).toMatchObject({ content: 'text of k2' });
    expect(shown()).toEqual([]);
  });

  test('is too late for one that is being said', async () => {
    await running();
    script.socket.tell(queue(item('k2')));
    const text = engine.messageQueue.unqueue('k2');
    script.callsTo('/queue/k2/')[0]!.answer(404, { error: { code: 'not_found', message: 'No.' } });
    expect(await text).toBeNull();
  });

  test('waits until one that is on its way has arrived', async () => {
    await running();
    add('k2');
    const text = engine.messageQueue.unqueue('k2');
    await pass();
    expect(script.callsTo('/queue/k2/')).toEqual([]);
    script.socket.tell(queue(item('k2')));
    await pass();
    script.callsTo('/queue/k2/')[0]!.answer(200, null);
    expect(await text).toMatchObject({ content: 'text of k2' });
    expect(shown()).toEqual([]);
  });

  test('is too late for one that was said as it arrived', async () => {
    await running();
    add('k2');
    const text = engine.messageQueue.unqueue('k2');
    script.socket.tell(end('a1', ''), userMessage('u2', 'k2', 'text of k2'));
    expect(await text).toBeNull();
  });

  test('keeps it from every other door meanwhile', async () => {
    await running();
    add('k2');
    const text = engine.messageQueue.unqueue('k2');
    script.onSocket = (socket) => void Promise.resolve().then(() => socket.die());
    script.socket.die();
    await pass(60_000);
    const carried = script.callsTo('/generate/').find((call) => call.body!['client_id'] === 'k2');
    expect(script.callsTo('/queue/k2/')).toEqual([]); // REST has it by now
    carried!.answer(202, { queue: [item('k2')] });
    await pass();
    script.callsTo('/queue/k2/')[0]!.answer(200, null);
    expect(await text).toMatchObject({ content: 'text of k2' });
    expect(script.callsTo('/generate/').filter((call) => call.body!['client_id'] === 'k2')).toHaveLength(1);
  });

  /** An earlier page wrote a message, and the server does not know it (yet). */
  async function unknown() {
    engine.open();
    engine.messageQueue.add({ clientId: 'k2', content: 'text of k2' }, true);
    const text = engine.messageQueue.unqueue('k2');
    script.socket.ready();
    expect(asked()).toEqual([]);
    script.callsTo('/queue/k2/')[0]!.answer(404, { error: { code: 'not_found', message: 'No.' } });
    await pass();
    expect(asked().map((frame) => 'client_id' in frame && frame.client_id)).toEqual(['k2']);
    expect(script.callsTo('/queue/k2/')).toHaveLength(1);
    return text;
  }

  test('sends what the server does not know, and takes it back from there', async () => {
    const text = unknown();
    await pass();
    script.socket.tell(queue(item('k2')));
    await pass();
    script.callsTo('/queue/k2/')[1]!.answer(200, null);
    expect(await text).toMatchObject({ content: 'text of k2' });
    expect(shown()).toEqual([]);
    expect(asked()).toHaveLength(1);
  });

  test('is too late for one whose turn an earlier page has begun', async () => {
    const text = unknown();
    await pass();
    script.socket.tell(userMessage('u2', 'k2', 'text of k2'), start('a2', 'k2'));
    expect(await text).toBeNull();
    expect(script.callsTo('/queue/k2/')).toHaveLength(1);
  });

  test('over REST, too, behind what goes before it', async () => {
    script.onSocket = (socket) => void Promise.resolve().then(() => socket.die());
    engine.open();
    for (const id of ['k2', 'k3']) engine.messageQueue.add({ clientId: id, content: `text of ${id}` }, true);
    const text = engine.messageQueue.unqueue('k3');
    script.callsTo('/queue/k3/')[0]!.answer(404, { error: { code: 'not_found', message: 'No.' } });
    await pass(60_000);
    for (const [n, waiting] of [['k2'], ['k2', 'k3']].entries()) {
      script.queue = waiting.map((id) => item(id));
      script.callsTo('/generate/')[n]!.answer(202, { queue: script.queue });
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await pass();
    }
    script.callsTo('/queue/k3/').at(-1)!.answer(200, null);
    expect(await text).toMatchObject({ content: 'text of k3' });
    expect(shown()).toEqual(['k2']);
  });

  test('needs nobody for one that nobody has had', async () => {
    engine.open();
    add('k2');
    expect(await engine.messageQueue.unqueue('k2')).toMatchObject({ content: 'text of k2' });
    expect(shown()).toEqual([]);
  });

  test('rejects when nobody answers, and it still waits', async () => {
    await running();
    script.socket.tell(queue(item('k2')));
    const text = engine.messageQueue.unqueue('k2');
    const failed = expect(text).rejects.toThrow('Failed to fetch');
    script.callsTo('/queue/k2/')[0]!.fail();
    await failed;
    expect(shown()).toEqual(['k2']);
  });
});

describe('without a socket', () => {
  test('each is sent after the one before it, and read until it is said', async () => {
    await runningByRest();
    const stale = vi.fn();
    engine.onForeign((event) => event.type === 'stale' && stale());
    add('k2');
    add('k3');
    expect(calls().map((call) => call.body!['client_id'])).toEqual(['k2']);
    expect(calls()[0]!.body!['queue']).toBe(true);
    script.queue = [item('k2')];
    calls()[0]!.answer(202, { queue: script.queue });
    await pass();
    expect(calls().map((call) => call.body!['client_id'])).toEqual(['k2', 'k3']);
    script.queue = [item('k2'), item('k3')];
    calls()[1]!.answer(202, { queue: script.queue });
    await pass();
    expect(shown()).toEqual(['k2', 'k3']);
    expect(stale).not.toHaveBeenCalled();
    script.queue = [item('k3')];
    await pass(QUEUE_POLL_MS);
    expect(shown()).toEqual(['k3']);
    expect(stale).toHaveBeenCalledOnce();
  });

  test('a refusal gives the text back, and the next one goes out', async () => {
    await runningByRest();
    add('k2');
    add('k3');
    calls()[0]!.answer(409, { error: { code: 'queue_full', message: 'Full.' } });
    await pass();
    expect(refused).toEqual([['text of k2', 'queue_full']]);
    expect(calls().map((call) => call.body!['client_id'])).toEqual(['k2', 'k3']);
  });

  test('with no answer at all it stays, and is sent again', async () => {
    await runningByRest();
    add('k2');
    calls()[0]!.fail();
    await pass();
    expect(shown()).toEqual(['k2?']);
    expect(refused).toEqual([]);
    await pass(60_000);
    expect(calls().filter((call) => call.body!['client_id'] === 'k2').length).toBeGreaterThan(1);
  });

  test('what waits already is read', async () => {
    script.queue = [item('x1')];
    script.onSocket = (socket) => void Promise.resolve().then(() => socket.die());
    engine.open();
    await pass();
    expect(shown()).toEqual(['x1']);
  });
});
