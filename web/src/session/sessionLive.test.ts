/** What happens without being asked for here: before a reload, while away, in another tab. */
import { describe, expect, test } from 'vitest';
import type { ServerEvent } from '../protocol';
import { delta, end, row, start, userMessage } from '../testing/scripted';
import { answered, asked, eachOnAStage, pass, Stage } from '../testing/stage';

let stage: Stage;

eachOnAStage((fresh) => (stage = fresh));

describe('coming back', () => {
  test('a reply that still runs goes on in its place', async () => {
    stage.open([asked(), answered({ status: 'streaming', content: 'On' })]);
    await pass();
    expect(stage.script.socket.frames()).toEqual([{ type: 'follow', id: 'a1' }]);
    expect(stage.session.busy).toBe(true);
    stage.tell(userMessage('u1', 'k0', 'hi'), start('a1', 'k0', 'One ', 1), delta('a1', 1, 'two'));
    stage.tell(end('a1', 'One two'));
    await pass();
    expect(stage.shown()).toEqual([
      ['user', 'hi', 'completed'],
      ['assistant', 'One two', 'completed'],
    ]);
    expect(stage.session.chat.messages.map((message) => message.id)).toEqual(['u1', 'a1']);
    expect(stage.session.busy).toBe(false);
  });

  test('leaving and opening again follows it again', async () => {
    stage.open([asked(), answered({ status: 'streaming', content: 'On' })]);
    stage.session.close();
    stage.session.open();
    stage.stored = [asked(), answered()];
    stage.script.socket.ready();
    await pass();
    stage.tell(start('a1', 'k0', 'One', 1), end('a1', 'One'));
    await pass();
    expect(stage.shown()[1]).toEqual(['assistant', 'One', 'completed']);
    expect(stage.session.busy).toBe(false);
  });

  test('what was missed while the socket was away is read', async () => {
    stage.open([asked(), answered()]);
    stage.script.socket.die();
    const parent = { parent_id: 'a1' };
    stage.stored = [asked(), answered(), row('u2', 'user', { content: 'more', ...parent })];
    stage.stored.push(row('a2', 'assistant', { parent_id: 'u2', content: 'Two' }));
    await pass(1_000);
    stage.script.socket.ready();
    await pass();
    expect(stage.shown().map(([, text]) => text)).toEqual(['hi', 'One', 'more', 'Two']);
  });

  test.each(['opened', 'came back'])(
    'a reply to what was said elsewhere before the page %s is shown below it',
    async (how) => {
      const before = [asked(), answered()];
      const running = { parent_id: 'u2', client_id: 'k9', status: 'streaming' } as const;
      const since = [
        row('u2', 'user', { client_id: 'k9', content: 'more', parent_id: 'a1' }),
        row('a2', 'assistant', { ...running, content: 'T' }),
      ];
      if (how === 'opened') {
        stage.build(before);
        stage.session.open();
      } else {
        stage.open(before);
        stage.script.socket.die();
        await pass(1_000);
      }
      stage.stored = [...before, ...since];
      stage.script.socket.ready();
      stage.tell({ ...start('a2', 'k9', 'Tw', 1), parent_id: 'u2' } as ServerEvent);
      await pass();
      expect(stage.shown().map(([, text]) => text)).toEqual(['hi', 'One', 'more', 'Tw']);
      expect(stage.session.busy).toBe(true);
      stage.tell(delta('a2', 1, 'o'), end('a2', 'Two'));
      await pass();
      expect(stage.shown().at(-1)).toEqual(['assistant', 'Two', 'completed']);
    },
  );

  test('a message sent here keeps its id when the thread is read again', async () => {
    stage.open();
    const clientId = await stage.begin();
    stage.tell(end('a1', 'One'));
    stage.stored = [
      row('u1', 'user', { client_id: clientId, content: 'hi' }),
      row('a1', 'assistant', { client_id: clientId, parent_id: 'u1', content: 'One' }),
    ];
    stage.script.socket.die();
    await pass(1_000);
    stage.script.socket.ready();
    await pass();
    expect(stage.session.chat.messages.map((message) => message.id)).toEqual([clientId, 'a1']);
    expect(stage.session.chat.messages[0]?.metadata?.serverId).toBe('u1');
  });

  test('what was read before a reply came does not take it away', async () => {
    stage.open();
    let answer = () => {};
    stage.reading = new Promise((resolve) => {
      answer = resolve;
    });
    stage.script.socket.die();
    await pass(1_000);
    stage.script.socket.ready();
    await pass();
    const clientId = await stage.begin();
    stage.tell(end('a1', 'One'));
    await pass();
    stage.stored = [
      row('u1', 'user', { client_id: clientId, content: 'hi' }),
      row('a1', 'assistant', { client_id: clientId, parent_id: 'u1', content: 'One' }),
    ];
    answer();
    await pass();
    expect(stage.shown().map(([, text]) => text)).toEqual(['hi', 'One']);
  });

  test('a reply given up in the middle is interrupted here, and followed again on retry', async () => {
    stage.open();
    await stage.begin();
    stage.script.onSocket = (socket) => queueMicrotask(() => socket.die());
    stage.script.onCall = (call) => call.fail();
    stage.script.socket.die();
    await pass(90_000);
    expect(stage.shown()[1]).toEqual(['assistant', 'One', 'interrupted']);
    stage.stored = [asked(), answered({ content: 'One two' })];
    stage.script.onSocket = (socket) => queueMicrotask(() => socket.ready());
    stage.session.retry('a1');
    await stage.nextFrame();
    expect(stage.lastFrame()).toEqual({ type: 'follow', id: 'a1' });
    stage.tell(start('a1', 'k1', 'One two', 2), end('a1', 'One two'));
    await pass();
    expect(stage.shown()[1]).toEqual(['assistant', 'One two', 'completed']);
  });
});

describe('another tab', () => {
  test('its turn appears live, and can be stopped here', async () => {
    stage.open([asked(), answered()]);
    stage.tell({ ...userMessage('u2', 'k9', 'more'), parent_id: 'a1' } as ServerEvent);
    stage.tell({ ...start('a2', 'k9'), parent_id: 'u2' } as ServerEvent, delta('a2', 0, 'Two'));
    await pass();
    expect(stage.shown().slice(2)).toEqual([
      ['user', 'more', 'completed'],
      ['assistant', 'Two', 'streaming'],
    ]);
    expect(stage.session.busy).toBe(true);
    void stage.session.stop();
    expect(stage.lastFrame()).toEqual({ type: 'stop', id: 'a2' });
    stage.tell(end('a2', 'Two', { status: 'stopped' }));
    await pass();
    expect(stage.shown()[3]).toEqual(['assistant', 'Two', 'stopped']);
    expect(stage.session.busy).toBe(false);
  });

  test('a reply made anew there takes the place of the old one here', async () => {
    stage.open([asked(), answered()]);
    stage.tell(start('a2', 'k9'), delta('a2', 0, 'Two'), end('a2', 'Two'));
    await pass();
    expect(stage.shown()).toEqual([
      ['user', 'hi', 'completed'],
      ['assistant', 'Two', 'completed'],
    ]);
  });

  test('ours is refused because theirs runs: theirs is shown', async () => {
    stage.open([asked(), answered()]);
    stage.session.send({ content: 'mine' });
    await pass();
    const clientId = stage.sentClientId();
    stage.tell({ ...userMessage('u2', 'k9', 'theirs'), parent_id: 'a1' } as ServerEvent);
    stage.tell({ ...start('a2', 'k9'), parent_id: 'u2' } as ServerEvent);
    stage.tell({ type: 'error', code: 'conversation_busy', message: 'Wait.', client_id: clientId });
    await pass();
    stage.tell(delta('a2', 0, 'Two'), end('a2', 'Two'));
    await pass();
    expect(stage.shown().slice(2)).toEqual([
      ['user', 'theirs', 'completed'],
      ['assistant', 'Two', 'completed'],
    ]);
    expect(stage.session.sendError).toMatchObject({ content: 'mine', code: 'conversation_busy' });
  });

  test('a question that follows something unknown here has the thread read again', async () => {
    stage.open([asked(), answered()]);
    stage.stored = [...stage.stored, row('u2', 'user', { content: 'theirs' })];
    stage.stored.push(row('a2', 'assistant', { content: 'Two', parent_id: 'u2' }));
    stage.session.send({ content: 'mine' });
    await pass();
    const clientId = stage.sentClientId();
    stage.tell({ ...userMessage('u3', clientId, 'mine'), parent_id: 'a2' } as ServerEvent);
    stage.tell({ ...start('a3', clientId), parent_id: 'u3' } as ServerEvent);
    stage.stored.push(row('u3', 'user', { content: 'mine', client_id: clientId, parent_id: 'a2' }));
    stage.stored.push(row('a3', 'assistant', { content: 'Three', parent_id: 'u3' }));
    stage.tell(end('a3', 'Three'));
    await pass();
    expect(stage.shown().map(([, text]) => text)).toEqual([
      'hi',
      'One',
      'theirs',
      'Two',
      'mine',
      'Three',
    ]);
  });
});
