import { describe, expect, test } from 'vitest';
import type { Message, ServerEvent } from '../protocol';
import { emptyThread, fold, messagesOf, type ThreadState } from './fold';

/** Shared with the server's tests: what its sockets tell, and what its GET must then return. */
interface Transcript {
  name: string;
  /** Replies for which a `follow` has to be sent, in order. */
  follows?: string[];
  events: ServerEvent[];
  messages: Partial<Message>[];
}

const transcripts = Object.values(
  import.meta.glob<Transcript>('../../../tests/transcripts/*.json', {
    eager: true,
    import: 'default',
  }),
);

function foldAll(events: ServerEvent[], from: ThreadState = emptyThread) {
  const follows: string[] = [];
  let state = from;
  for (const event of events) {
    const next = fold(state, event);
    if (next.needsFollow && next.needsFollow !== state.needsFollow) follows.push(next.needsFollow);
    state = next;
  }
  return { state, follows };
}

describe('folding the events of a socket gives the stored messages', () => {
  test('there are transcripts', () => expect(transcripts.length).toBeGreaterThan(8));

  test.each(transcripts.map((one) => [one.name, one] as const))('%s', (_name, transcript) => {
    const { state, follows } = foldAll(transcript.events);
    const messages = messagesOf(state);
    expect(messages).toHaveLength(transcript.messages.length);
    expect(messages).toMatchObject(transcript.messages);
    expect(follows).toEqual(transcript.follows ?? []);
    expect(state.live).toBeNull();
    expect(state.needsFollow).toBeNull();
    expect(state.headId).toBe(transcript.messages.at(-1)!.id);
  });

  test.each(transcripts.map((one) => [one.name, one] as const))(
    'and the same when everything is told twice: %s',
    (_name, { events, messages }) => {
      const once = foldAll(events).state;
      expect(messagesOf(foldAll(events, once).state)).toMatchObject(messages);
    },
  );
});

describe('one event at a time', () => {
  const start = {
    type: 'message_start',
    id: 'a1',
    role: 'assistant',
    created_at: '2026-01-02T03:04:05Z',
    seq: 0,
    content: '',
    reasoning: '',
    parent_id: 'u1',
    client_id: 'k1',
    model: 'm',
    provider_used: 'echo',
  } as const;
  const since = '2026-01-02T03:04:06Z';
  const running = fold(emptyThread, start);

  test('a phase shows with its place in the line, and stopping is a status too', () => {
    const queued = fold(running, { type: 'status', id: 'a1', phase: 'queued', position: 3, since });
    expect(queued.live).toMatchObject({ phase: 'queued', position: 3, since, status: 'streaming' });
    const stopping = fold(queued, { type: 'status', id: 'a1', phase: 'stopping', since });
    expect(stopping.live).toMatchObject({ phase: 'stopping', position: 0, status: 'stopping' });
  });

  test('a delta touches nothing but the running reply', () => {
    const delta = { type: 'delta', id: 'a1', from: 0, seq: 1, content_chunk: 'One' } as const;
    const next = fold(running, delta);
    expect(next.messages).toBe(running.messages);
    expect(running.live?.content).toBe('');
  });

  test('what changes nothing returns the very state', () => {
    const same: ServerEvent[] = [
      { type: 'heartbeat' },
      { type: 'delta', id: 'a1', from: 0, seq: 0, content_chunk: '' },
      { type: 'status', id: 'other', phase: 'generating', since },
      { type: 'error', code: 'conversation_busy', message: 'Wait.' },
    ];
    for (const event of same) expect(fold(running, event)).toBe(running);
  });

  test('a delta of a reply nobody has told about asks for a snapshot', () => {
    const delta = { type: 'delta', id: 'a9', from: 4, seq: 5, content_chunk: 'x' } as const;
    expect(fold(emptyThread, delta).needsFollow).toBe('a9');
  });

  test('a reply whose end was never heard stays as far as it came', () => {
    const delta = { type: 'delta', id: 'a1', from: 0, seq: 1, content_chunk: 'One' } as const;
    const next = fold(fold(running, delta), { ...start, id: 'a2' });
    const messages = messagesOf(next).map(({ id, content, status }) => ({ id, content, status }));
    expect(messages).toEqual([
      { id: 'a1', content: 'One', status: 'streaming' },
      { id: 'a2', content: '', status: 'streaming' },
    ]);
  });

  test('title and head are the last that were told', () => {
    const told = { type: 'conversation', id: 'c', title: 'T', head_id: 'a0' } as const;
    expect(fold(running, told)).toMatchObject({ title: 'T', headId: 'a0' });
  });
});
