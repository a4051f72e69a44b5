/** For tests: the edges of a browser, played by the test. Timers are Vitest's fake ones. */
import { vi } from 'vitest';
import { createApi } from '../transport/api';
import type { ClientFrame, Message, MessageEndEvent, QueuedItem, ServerEvent } from '../protocol';
import type { Edges, SocketLike, TurnEvent } from '../transport/types';

export class ScriptedSocket implements SocketLike {
  readonly sent: ClientFrame[] = [];
  closed = false;
  /** Called for every frame, by servers that answer by themselves. */
  onFrame: (frame: ClientFrame) => void = () => {};
  private readonly hears: ((event: { data: unknown }) => void)[] = [];
  private readonly closes: ((event: { code: number }) => void)[] = [];

  send(text: string): void {
    const frame = JSON.parse(text) as ClientFrame;
    this.sent.push(frame);
    this.onFrame(frame);
  }

  close(): void {
    this.closed = true;
  }

  addEventListener(type: 'message', listener: (event: { data: unknown }) => void): void;
  addEventListener(type: 'close', listener: (event: { code: number }) => void): void;
  addEventListener(type: 'message' | 'close', listener: (event: never) => void): void {
    if (type === 'message') this.hears.push(listener as (event: { data: unknown }) => void);
    else this.closes.push(listener as (event: { code: number }) => void);
  }

  /** Frames of these types, without heartbeats unless asked for. */
  frames(): ClientFrame[] {
    return this.sent.filter((frame) => frame.type !== 'heartbeat');
  }

  tell(...events: ServerEvent[]): void {
    for (const event of events) this.tellText(JSON.stringify(event));
  }

  tellText(data: string): void {
    if (!this.closed) for (const hear of this.hears) hear({ data });
  }

  ready(): void {
    this.tell({ type: 'ready', protocol: 1, conversation_id: 'c', heartbeat_s: 10 });
  }

  /** 1006 is what a browser reports when it was refused or cut. */
  die(code = 1006): void {
    this.closed = true;
    for (const close of this.closes) close({ code });
  }
}

export interface ScriptedCall {
  method: string;
  path: string;
  body: Record<string, unknown> | null;
  aborted: boolean;
  answer(status: number, value: unknown): void;
  /** No answer: the network is gone. */
  fail(): void;
}

export interface Script {
  edges: Edges;
  sockets: ScriptedSocket[];
  /** The socket opened last. */
  socket: ScriptedSocket;
  calls: ScriptedCall[];
  /** The calls to a path that ends like this. */
  callsTo(path: string): ScriptedCall[];
  /** Called for every socket and every call, by servers that answer by themselves. */
  onSocket: (socket: ScriptedSocket) => void;
  onCall: (call: ScriptedCall) => void;
  /** The message queue, when it is read; these reads answer themselves and are no `calls`. */
  queue: QueuedItem[];
  online: boolean;
  fire(event: 'online' | 'offline' | 'wake' | 'pagehide'): void;
  /** What outlives the page, as text by name. */
  stored: Map<string, string>;
  listeners: number;
  /** The network goes: calls without an answer fail, now and later. */
  end(): void;
}

export function scripted(): Script {
  const heard = new Set<{ event: string; listener: () => void }>();
  let ended = false;
  const script: Script = {
    sockets: [],
    get socket() {
      return script.sockets.at(-1)!;
    },
    calls: [],
    callsTo: (path) => script.calls.filter((call) => call.path.endsWith(path)),
    onSocket: () => {},
    onCall: () => {},
    queue: [],
    online: true,
    stored: new Map(),
    fire: (name) => {
      for (const { event, listener } of heard) if (event === name) listener();
    },
    get listeners() {
      return heard.size;
    },
    end: () => {
      ended = true;
      for (const call of script.calls) call.fail();
    },
    edges: {
      api: createApi({ fetch: scriptedFetch, csrfToken: () => 'token' }),
      now: () => Date.now(),
      random: () => 0.5,
      setTimeout: (action, ms) => globalThis.setTimeout(action, ms),
      clearTimeout: (timer) => globalThis.clearTimeout(timer as number),
      openSocket: () => {
        const socket = new ScriptedSocket();
        script.sockets.push(socket);
        script.onSocket(socket);
        return socket;
      },
      online: () => script.online,
      stored: {
        read: (name) => JSON.parse(script.stored.get(name) ?? 'null') ?? undefined,
        write: (name, value) => {
          if (value === null) script.stored.delete(name);
          else script.stored.set(name, JSON.stringify(value));
        },
      },
      listen: (event, listener) => {
        const entry = { event, listener };
        heard.add(entry);
        return () => void heard.delete(entry);
      },
    },
  };

  function scriptedFetch(input: unknown, init: RequestInit = {}): Promise<Response> {
    if (init.method === 'GET' && String(input).endsWith('/queue/')) {
      return Promise.resolve(new Response(JSON.stringify({ queue: script.queue })));
    }
    return new Promise((resolve, reject) => {
      const call: ScriptedCall = {
        method: init.method ?? 'GET',
        path: String(input),
        body: init.body ? JSON.parse(String(init.body)) : null,
        aborted: false,
        answer: (status, value) => resolve(new Response(JSON.stringify(value), { status })),
        fail: () => reject(new TypeError('Failed to fetch')),
      };
      init.signal?.addEventListener('abort', () => {
        call.aborted = true;
        reject(init.signal!.reason as Error);
      });
      script.calls.push(call);
      script.onCall(call);
      if (ended) call.fail();
    });
  }

  return script;
}

export interface Collected {
  events: TurnEvent[];
  done: boolean;
  error: unknown;
  text(): string;
}

/** Reads a turn's stream to its end, in the background. */
export function collect(stream: ReadableStream<TurnEvent>): Collected {
  const collected: Collected = {
    events: [],
    done: false,
    error: undefined,
    text: () => textAfter(collected.events),
  };
  const reader = stream.getReader();
  const pump = async (): Promise<void> => {
    const { done, value } = await reader.read();
    if (done) {
      collected.done = true;
      return;
    }
    collected.events.push(value);
    await pump();
  };
  pump().catch((error: unknown) => {
    collected.error = error;
  });
  return collected;
}

/** The text that a reader who appends and replaces has after these. */
export function textAfter(events: TurnEvent[]): string {
  let text = '';
  for (const event of events) {
    if (event.type === 'message_start') text = event.content;
    if (event.type === 'delta') text += event.content_chunk;
    if (event.type === 'message_end') text = event.full_content;
  }
  return text;
}

// Short hands for events and rows -------------------------------------------------------------

export const AT = '2026-01-02T03:04:05Z';

export function userMessage(id: string, clientId: string, content: string): ServerEvent {
  return {
    type: 'user_message',
    id,
    client_id: clientId,
    parent_id: null,
    content,
    created_at: AT,
  };
}

export function start(id: string, clientId: string | null, content = '', seq = 0): ServerEvent {
  return {
    type: 'message_start',
    id,
    role: 'assistant',
    created_at: AT,
    seq,
    content,
    reasoning: '',
    parent_id: 'u1',
    client_id: clientId,
    model: 'm',
    provider_used: 'echo',
  };
}

export function delta(id: string, from: number, chunk: string, seq = from + 1): ServerEvent {
  return { type: 'delta', id, from, seq, content_chunk: chunk };
}

export function end(
  id: string,
  content: string,
  changes: Partial<MessageEndEvent> = {},
): ServerEvent {
  return {
    type: 'message_end',
    id,
    seq: 99,
    status: 'completed',
    finish_reason: 'stop',
    full_content: content,
    provider_used: 'echo',
    fallback_used: false,
    ...changes,
  };
}

export function row(id: string, role: 'user' | 'assistant', changes: Partial<Message>): Message {
  return {
    id,
    parent_id: null,
    client_id: null,
    role,
    content: '',
    reasoning: '',
    status: 'completed',
    finish_reason: null,
    model: null,
    provider_used: null,
    fallback_used: false,
    tokens: null,
    context: null,
    error: null,
    created_at: AT,
    completed_at: null,
    timings: null,
    sibling_ids: null,
    ...changes,
  };
}

/** What `generate` answers for a question `u1` and its reply `a1`. */
export function generated(clientId: string, content: string, changes: Partial<Message> = {}) {
  return {
    user_message: row('u1', 'user', { client_id: clientId, content: 'hi' }),
    message: row('a1', 'assistant', {
      client_id: clientId,
      content,
      parent_id: 'u1',
      provider_used: 'echo',
      ...changes,
    }),
    provider_used: 'echo',
  };
}

/** Lets promises settle and this much time (ms) pass. */
export const pass = (ms = 0) => vi.advanceTimersByTimeAsync(ms);

/** Answers the last `generate`, and the question about the conversation after it. */
export async function answerGenerate(script: Script, text: string, status = 200, changes = {}): Promise<void> {
  const call = script.callsTo('/generate/').at(-1)!;
  call.answer(status, { ...generated(String(call.body!['client_id']), text), ...changes });
  await pass();
  script.callsTo('/conversations/c/').at(-1)?.answer(200, { id: 'c', title: 'T', head_id: 'a1' });
  await pass();
}

/** The end of a test with false timers: closes the engine, which may leave none behind. */
export async function over(engine: { close(): void }, script: Script): Promise<void> {
  engine.close();
  script.end();
  await pass();
  const left = vi.getTimerCount();
  vi.useRealTimers();
  if (left > 0) throw new Error(`${left} timers outlive the engine`);
}
