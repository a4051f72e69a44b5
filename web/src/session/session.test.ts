/** Sending, as the components see it: the real engine, the real AI SDK, a scripted browser. */
import { describe, expect, test, vi } from 'vitest';
import { delta, end, generated, row, start, userMessage, AT } from '../testing/scripted';
import { answered, asked, eachOnAStage, pass, Stage } from '../testing/stage';

let stage: Stage;

eachOnAStage((fresh) => (stage = fresh));

describe('sending', () => {
  test('the own message is there at once; then it is accepted, and answered', async () => {
    stage.open();
    stage.parameters = { temperature: 0.2 };
    stage.session.send({ content: 'hi' });
    expect(stage.shown()).toEqual([['user', 'hi', 'sending']]);
    expect(stage.session.busy).toBe(true);
    await pass();
    expect(stage.lastFrame()).toMatchObject({ content: 'hi', parameters: { temperature: 0.2 } });
    const clientId = stage.sentClientId();
    stage.tell(userMessage('u1', clientId, 'hi'), start('a1', clientId), delta('a1', 0, 'One'));
    await pass();
    expect(stage.shown()).toEqual([
      ['user', 'hi', 'completed'],
      ['assistant', 'One', 'streaming'],
    ]);
    expect(stage.session.chat.messages[0]).toMatchObject({
      id: clientId,
      metadata: { serverId: 'u1', created_at: AT },
    });
    stage.tell(end('a1', 'One'), { type: 'conversation', id: 'c', title: 'hi', head_id: 'a1' });
    await pass();
    expect(stage.shown()[1]).toEqual(['assistant', 'One', 'completed']);
    expect(stage.session.busy).toBe(false);
    expect(stage.titles).toEqual(['hi']);
    expect(stage.session.sendError).toBeNull();
  });

  test('nothing is sent twice, and nothing empty', async () => {
    stage.open();
    stage.session.send({ content: '  \n' });
    stage.session.send({ content: 'hi' });
    stage.session.send({ content: 'again' });
    await pass();
    expect(stage.script.socket.frames()).toHaveLength(1);
    expect(stage.shown()).toHaveLength(1);
  });

  test('refused: the text goes back, the thread is as before, and sending works again', async () => {
    stage.open();
    const heard = vi.fn<() => void>();
    stage.session.subscribe(heard);
    stage.session.send({ content: 'hi' });
    await pass();
    const refusal = { code: 'conversation_busy', message: 'Wait.', client_id: stage.sentClientId() };
    stage.tell({ type: 'error', ...refusal });
    await pass();
    expect(stage.shown()).toEqual([]);
    expect(stage.session.sendError).toEqual({
      content: 'hi',
      code: 'conversation_busy',
      message: 'Wait.',
    });
    expect(heard).toHaveBeenCalledOnce();
    expect(stage.session.chat.status).toBe('ready');
    await stage.begin();
    expect(stage.session.sendError).toBeNull();
    expect(stage.shown()).toHaveLength(2);
  });

  test('a failed reply keeps its text, says why, and can be made again', async () => {
    stage.open();
    await stage.begin();
    const error = { code: 'provider_error', message: 'It broke.', retryable: true };
    stage.tell(end('a1', 'One', { status: 'failed', error }));
    await pass();
    expect(stage.shown()[1]).toEqual(['assistant', 'One', 'failed']);
    expect(stage.session.chat.messages[1]?.metadata?.error).toEqual(error);
    stage.session.retry('a1');
    await pass();
    expect(stage.lastFrame()).toMatchObject({ type: 'regenerate', message_id: 'a1' });
    stage.tell(start('a2', stage.sentClientId()), delta('a2', 0, 'Two'), end('a2', 'Two'));
    await pass();
    expect(stage.shown()).toEqual([
      ['user', 'hi', 'completed'],
      ['assistant', 'Two', 'completed'],
    ]);
  });

  test('stop: the text stands, marked', async () => {
    stage.open();
    await stage.begin();
    const stopped = stage.session.stop();
    await pass();
    expect(stage.session.chat.messages[1]?.metadata).toMatchObject({ phase: 'stopping' });
    stage.tell(end('a1', 'One', { status: 'stopped' }));
    await stopped;
    await pass();
    expect(stage.shown()[1]).toEqual(['assistant', 'One', 'stopped']);
    expect(stage.session.busy).toBe(false);
  });

  test('by REST: marked as whole', async () => {
    stage.build();
    stage.session.open();
    stage.script.socket.die();
    stage.session.send({ content: 'hi' });
    await pass();
    const call = stage.script.callsTo('/generate/')[0]!;
    call.answer(200, generated(String(call.body!['client_id']), 'One'));
    await pass();
    stage.script.callsTo('/conversations/c/')[0]!.answer(200, { id: 'c', title: 'T', head_id: 'a1' });
    await pass();
    expect(stage.shown()).toEqual([
      ['user', 'hi', 'completed'],
      ['assistant', 'One', 'completed'],
    ]);
    expect(stage.session.chat.messages[1]?.metadata?.viaRest).toBe(true);
    expect(stage.titles).toEqual(['T']);
  });

  test('never accepted for a minute: it stays, and the same client id goes out again', async () => {
    stage.build();
    stage.session.open();
    stage.script.onSocket = (socket) => queueMicrotask(() => socket.die());
    stage.script.onCall = (call) => call.fail();
    stage.script.socket.die();
    stage.session.send({ content: 'hi' });
    await pass(80_000);
    expect(stage.shown()).toEqual([['user', 'hi', 'failed']]);
    const message = stage.session.chat.messages[0]!;
    expect(message.metadata?.error).toMatchObject({ code: 'unreachable', retryable: true });
    stage.script.onSocket = (socket) => queueMicrotask(() => socket.ready());
    stage.stored = [row('u1', 'user', { client_id: message.id, content: 'hi' })];
    stage.stored.push(answered({ client_id: message.id }));
    stage.session.retry(message.id);
    await stage.nextFrame();
    expect(stage.shown()).toEqual([['user', 'hi', 'sending']]);
    expect(stage.lastFrame()).toMatchObject({ client_id: message.id, content: 'hi' });
    stage.tell(userMessage('u1', message.id, 'hi'), start('a1', message.id), end('a1', 'One'));
    await pass();
    expect(stage.shown()).toEqual([
      ['user', 'hi', 'completed'],
      ['assistant', 'One', 'completed'],
    ]);
  });
});

describe('regenerating', () => {
  test('refused: the old reply is back', async () => {
    stage.open([asked(), answered()]);
    stage.session.regenerate('a1');
    await pass();
    expect(stage.shown()).toHaveLength(1);
    stage.tell({ type: 'error', code: 'throttled', message: 'Slow down.', client_id: stage.sentClientId() });
    await pass();
    expect(stage.shown()[1]).toEqual(['assistant', 'One', 'completed']);
    expect(stage.session.sendError).toMatchObject({ content: '', code: 'throttled' });
  });

  test('of what is not there does nothing', async () => {
    stage.open([asked(), answered()]);
    stage.session.regenerate('u1');
    stage.session.regenerate('nothing');
    stage.session.retry('nothing');
    await pass();
    expect(stage.script.socket.frames()).toEqual([]);
  });
});

describe('signed out', () => {
  test('the text goes back, and in mid-reply the text so far stays', async () => {
    stage.open();
    await stage.begin();
    stage.script.socket.die(4401);
    await pass();
    expect(stage.session.connection.mode).toBe('signed_out');
    expect(stage.shown()[1]).toEqual(['assistant', 'One', 'interrupted']);
    stage.session.send({ content: 'more' });
    await pass();
    expect(stage.session.sendError).toMatchObject({ content: 'more', code: 'not_authenticated' });
    expect(stage.shown()).toHaveLength(2);
  });
});
