/** The adapter, tested with the message that the AI SDK's own reader makes of its chunks. */
import { readUIMessageStream } from 'ai';
import { describe, expect, test } from 'vitest';
import type { ThreadMessage } from './thread';
import { createChatTransport, toChunks, type ThreadChunk } from './chatTransport';
import { delta, end, start } from '../testing/scripted';
import { TurnError, type Command, type TurnEvent } from '../transport/types';

const since = '2026-01-02T03:04:06Z';

function source(events: TurnEvent[], error?: Error): ReadableStream<TurnEvent> {
  return new ReadableStream({
    start(controller) {
      for (const event of events) controller.enqueue(event);
      if (!error) controller.close();
    },
    pull(controller) {
      if (error) controller.error(error);
    },
  });
}

async function chunksOf(events: TurnEvent[]): Promise<ThreadChunk[]> {
  const chunks: ThreadChunk[] = [];
  for await (const chunk of source(events).pipeThrough(toChunks())) chunks.push(chunk);
  return chunks;
}

/** Every state of the message, as it would be drawn. */
async function statesOf(events: TurnEvent[]): Promise<ThreadMessage[]> {
  const states: ThreadMessage[] = [];
  const stream = source(events).pipeThrough(toChunks());
  for await (const state of readUIMessageStream<ThreadMessage>({ stream })) states.push(state);
  return states;
}

const partsOf = (message: ThreadMessage | undefined) =>
  message?.parts.filter((part) => part.type !== 'step-start');

function thought(from: number, chunk: string): TurnEvent {
  return { type: 'reasoning_delta', id: 'a1', from, seq: from + 1, content_chunk: chunk };
}

function doors() {
  const commands: Command[] = [];
  const attached: (string | undefined)[] = [];
  const transport = createChatTransport(
    {
      turn: (command) => {
        commands.push(command);
        return source([start('a1', 'k1'), end('a1', '')]);
      },
      attach: (id) => {
        attached.push(id);
        return id ? source([start(id, 'k1'), end(id, '')]) : null;
      },
    },
    {
      keep: () => undefined,
      resuming: () => attached[0],
      settled: () => undefined,
      siblings: () => undefined,
    },
  );
  return { transport, commands, attached };
}

describe('a turn becomes one message', () => {
  test('plain text', async () => {
    const message = (
      await statesOf([
        start('a1', 'k1'),
        delta('a1', 0, 'One '),
        delta('a1', 1, 'two'),
        end('a1', 'One two', {
          tokens: { prompt: 1, completion: 2, total: 3, source: 'provider' },
        }),
      ])
    ).at(-1);
    expect(message?.id).toBe('a1');
    expect(partsOf(message)).toEqual([{ type: 'text', text: 'One two', state: 'done' }]);
    expect(message?.metadata).toMatchObject({
      status: 'completed',
      provider_used: 'echo',
      model: 'm',
      parent_id: 'u1',
      client_id: 'k1',
      finish_reason: 'stop',
      tokens: { total: 3 },
      viaRest: false,
    });
  });

  test('reasoning is finished when the answer begins', async () => {
    const events = [
      start('a1', 'k1'),
      thought(0, 'Hm'),
      thought(1, '.'),
      delta('a1', 2, 'One'),
      end('a1', 'One'),
    ];
    expect(partsOf((await statesOf(events)).at(-1))).toMatchObject([
      { type: 'reasoning', text: 'Hm.', state: 'done' },
      { type: 'text', text: 'One', state: 'done' },
    ]);
    const kinds = (await chunksOf(events)).map((chunk) => chunk.type);
    expect(kinds.indexOf('reasoning-end')).toBeLessThan(kinds.indexOf('text-start'));
  });

  test('a second thought is a part of its own; the text stays one part', async () => {
    const message = (
      await statesOf([
        start('a1', 'k1'),
        thought(0, 'Hm.'),
        delta('a1', 1, 'One'),
        thought(2, 'Ah.'),
        delta('a1', 3, ' two'),
        end('a1', 'One two'),
      ])
    ).at(-1);
    const texts = partsOf(message)?.filter((part) => part.type === 'text');
    expect(texts).toMatchObject([{ text: 'One two' }]);
  });

  test('the phase is metadata, and does not come back after the end', async () => {
    const states = await statesOf([
      start('a1', 'k1'),
      { type: 'status', id: 'a1', phase: 'queued', position: 2, since },
      { type: 'status', id: 'a1', phase: 'loading', since },
      end('a1', ''),
    ]);
    const phases = states.map(({ metadata }) => [metadata?.phase, metadata?.position]);
    expect(phases).toContainEqual(['queued', 2]);
    expect(phases).toContainEqual(['loading', 0]);
    expect(states.at(-1)?.metadata).toMatchObject({ status: 'completed' });
    expect(partsOf(states.at(-1))).toEqual([]);
  });

  test.each(['stopped', 'interrupted', 'failed'] as const)(
    'a %s reply ends normally, with its text and why',
    async (status) => {
      const error = { code: 'x', message: 'Because.', retryable: true };
      const message = (
        await statesOf([
          start('a1', 'k1'),
          delta('a1', 0, 'One'),
          end('a1', 'One', { status, error, fallback_used: true }),
        ])
      ).at(-1);
      expect(partsOf(message)).toMatchObject([{ text: 'One' }]);
      expect(message?.metadata).toMatchObject({ status, error, fallback_used: true });
    },
  );
});

describe('a snapshot', () => {
  test('that only goes on appends: nothing is drawn anew', async () => {
    const chunks = await chunksOf([
      start('a1', 'k1'),
      delta('a1', 0, 'One '),
      start('a1', 'k1', 'One two ', 2),
      delta('a1', 2, 'three'),
      end('a1', 'One two three'),
    ]);
    const types = chunks.map((chunk) => chunk.type);
    expect(types.filter((type) => type === 'start')).toHaveLength(1);
    expect(types).not.toContain('reset-step');
    expect(types.filter((type) => type === 'text-start')).toHaveLength(1);
  });

  test('that differs replaces the text', async () => {
    const states = await statesOf([
      start('a1', 'k1'),
      thought(0, 'Hm.'),
      delta('a1', 1, 'Wrong'),
      start('a1', 'k1', 'Right', 2),
      delta('a1', 2, ' so'),
      end('a1', 'Right so'),
    ]);
    expect(partsOf(states.at(-1))).toEqual([{ type: 'text', text: 'Right so', state: 'done' }]);
    expect(states.every((state) => state.id === 'a1')).toBe(true);
  });

  test('at the end the full text holds', async () => {
    const more = await statesOf([start('a1', 'k1', 'One', 1), end('a1', 'One two')]);
    expect(partsOf(more.at(-1))).toMatchObject([{ text: 'One two' }]);
    const other = await statesOf([start('a1', 'k1', 'One two', 1), end('a1', 'One')]);
    expect(partsOf(other.at(-1))).toMatchObject([{ text: 'One' }]);
  });
});

describe('the doors', () => {
  const question: ThreadMessage = {
    id: 'k1',
    role: 'user',
    parts: [{ type: 'text', text: 'hi' }],
  };
  const common = { chatId: 'c', abortSignal: undefined, metadata: undefined, headers: undefined };

  test('a message and a regeneration are commands', async () => {
    const { transport, commands } = doors();
    const body = { clientId: 'k1', parameters: { top_p: 0.5 } };
    const messages = [question];
    const submit = { trigger: 'submit-message', messageId: undefined } as const;
    await transport.sendMessages({ ...common, ...submit, messages, body });
    const again = { trigger: 'regenerate-message', messageId: 'a1' } as const;
    await transport.sendMessages({ ...common, ...again, messages, body: { clientId: 'k2' } });
    expect(commands).toEqual([
      { clientId: 'k1', content: 'hi', parameters: { top_p: 0.5 } },
      { clientId: 'k2', messageId: 'a1' },
    ]);
  });

  test('resuming is attaching, or null when nothing runs', async () => {
    const { transport, attached } = doors();
    expect(await transport.reconnectToStream({ ...common, body: undefined })).toBeNull();
    attached[0] = 'a1';
    expect(await transport.reconnectToStream({ ...common, body: undefined })).not.toBeNull();
  });

  test("a turn's error is the stream's error", async () => {
    const refusal = new TurnError('conversation_busy', 'Wait.', true);
    const reader = source([start('a1', 'k1')], refusal).pipeThrough(toChunks()).getReader();
    const read = async (): Promise<void> => {
      const { done } = await reader.read();
      if (!done) await read();
    };
    await expect(read()).rejects.toBe(refusal);
  });
});
