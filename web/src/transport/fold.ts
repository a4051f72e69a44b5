/**
 * A conversation's events → its messages. Pure: no clock, no I/O, no React.
 *
 * The contract it stands for: folding what a socket delivers gives what `GET …/messages/` returns.
 * The transcripts in `tests/transcripts/` hold it, and the server's tests, to that.
 *
 * The running reply is kept apart from the finished messages, so that a delta costs the same in a
 * thread of two messages and in one of two thousand.
 */
import type {
  ContextInfo,
  DeltaEvent,
  MessageEndEvent,
  MessageStartEvent,
  MessageStatus,
  Phase,
  Problem,
  Role,
  ServerEvent,
  Tokens,
  UserMessageEvent,
} from '../protocol';

/** A message as far as events tell it; field names are those of the REST shape. */
export interface FoldedMessage {
  id: string;
  parent_id: string | null;
  client_id: string | null;
  role: Role;
  content: string;
  reasoning: string;
  status: MessageStatus;
  finish_reason: string | null;
  model: string | null;
  provider_used: string | null;
  fallback_used: boolean;
  tokens: Tokens | null;
  context: ContextInfo | null;
  error: Problem | null;
  created_at: string;
  /** The last log entry that is in `content` and `reasoning`. */
  seq: number;
  phase: Phase | null;
  /** When the phase began. */
  since: string | null;
  /** Place in the waiting line, from 1; 0 when not waiting. */
  position: number;
}

export interface ThreadState {
  title: string | null;
  headId: string | null;
  /** Everything but the running reply, in the order in which it was first told. */
  messages: ReadonlyMap<string, FoldedMessage>;
  /** The running reply; a conversation has one at a time. */
  live: FoldedMessage | null;
  /** A reply whose log has a hole here: ask for a fresh snapshot with `follow`. */
  needsFollow: string | null;
}

export const emptyThread: ThreadState = {
  title: null,
  headId: null,
  messages: new Map(),
  live: null,
  needsFollow: null,
};

/** Folds one event. What changes nothing (a repeated delta, a heartbeat) returns `state` itself. */
export function fold(state: ThreadState, event: ServerEvent): ThreadState {
  switch (event.type) {
    case 'user_message':
      return put({ ...state, headId: event.id }, fromUserMessage(event));
    case 'message_start':
      return begin(state, event);
    case 'status':
      if (state.live?.id !== event.id) return state;
      return {
        ...state,
        live: {
          ...state.live,
          status: event.phase === 'stopping' ? 'stopping' : state.live.status,
          phase: event.phase,
          since: event.since,
          position: event.position ?? 0,
        },
      };
    case 'delta':
    case 'reasoning_delta':
      return append(state, event);
    case 'message_end':
      return finish(state, event);
    case 'conversation':
      return { ...state, title: event.title, headId: event.head_id };
    default:
      return state;
  }
}

/** All messages, the running reply last. */
export function messagesOf(state: ThreadState): FoldedMessage[] {
  const finished = [...state.messages.values()].filter((message) => message.id !== state.live?.id);
  return state.live ? [...finished, state.live] : finished;
}

function put(state: ThreadState, message: FoldedMessage): ThreadState {
  return { ...state, messages: new Map(state.messages).set(message.id, message) };
}

function begin(state: ThreadState, event: MessageStartEvent): ThreadState {
  // A reply whose end was never heard (another one has begun since) stays, as far as it came.
  const kept = state.live && state.live.id !== event.id ? put(state, state.live) : state;
  const same = state.live?.id === event.id ? state.live : null;
  const live: FoldedMessage = {
    ...blank(event.id, 'assistant', event.created_at),
    parent_id: event.parent_id,
    client_id: event.client_id,
    content: event.content,
    reasoning: event.reasoning,
    status: same?.status ?? 'streaming',
    model: event.model,
    provider_used: event.provider_used,
    context: event.context ?? null,
    seq: event.seq,
    phase: same?.phase ?? null,
    since: same?.since ?? null,
    position: same?.position ?? 0,
  };
  const needsFollow = state.needsFollow === event.id ? null : state.needsFollow;
  return { ...kept, headId: event.id, live, needsFollow };
}

function append(state: ThreadState, event: DeltaEvent): ThreadState {
  const { live } = state;
  if (live?.id !== event.id) {
    return state.messages.has(event.id) || state.needsFollow === event.id
      ? state
      : { ...state, needsFollow: event.id };
  }
  if (event.seq <= live.seq) return state;
  if (event.from !== live.seq) {
    return state.needsFollow === event.id ? state : { ...state, needsFollow: event.id };
  }
  const field = event.type === 'delta' ? 'content' : 'reasoning';
  const grown = { ...live, [field]: live[field] + event.content_chunk, seq: event.seq };
  return { ...state, live: grown };
}

function finish(state: ThreadState, event: MessageEndEvent): ThreadState {
  const known = state.live?.id === event.id ? state.live : state.messages.get(event.id);
  if (!known) return state;
  const ended: FoldedMessage = {
    ...known,
    content: event.full_content,
    status: event.status,
    finish_reason: event.finish_reason,
    model: event.model ?? known.model,
    context: event.context ?? known.context,
    provider_used: event.provider_used,
    fallback_used: event.fallback_used,
    tokens: event.tokens ?? null,
    error: event.error ?? null,
    seq: event.seq,
    phase: null,
    since: null,
    position: 0,
  };
  return {
    ...put(state, ended),
    live: state.live?.id === event.id ? null : state.live,
    needsFollow: state.needsFollow === event.id ? null : state.needsFollow,
  };
}

function fromUserMessage(event: UserMessageEvent): FoldedMessage {
  return {
    ...blank(event.id, 'user', event.created_at),
    parent_id: event.parent_id,
    client_id: event.client_id,
    content: event.content,
    status: 'completed',
  };
}

function blank(id: string, role: Role, createdAt: string): FoldedMessage {
  return {
    id,
    parent_id: null,
    client_id: null,
    role,
    content: '',
    reasoning: '',
    status: 'streaming',
    finish_reason: null,
    model: null,
    provider_used: null,
    fallback_used: false,
    tokens: null,
    context: null,
    error: null,
    created_at: createdAt,
    seq: 0,
    phase: null,
    since: null,
    position: 0,
  };
}
