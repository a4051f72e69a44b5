/** What the server sends over the socket; a Python test holds it against `streaming/events.py`. */
import type { Attachment, ContextInfo, EndStatus, Phase, Problem, Timings, Tokens } from './values';
import type { Next, ToolCall } from './toolCalls';

export interface ReadyEvent {
  type: 'ready';
  protocol: number;
  conversation_id: string;
  /** Seconds between the server's heartbeats. */
  heartbeat_s: number;
}

export interface UserMessageEvent {
  type: 'user_message';
  id: string;
  client_id: string | null;
  parent_id: string | null;
  content: string;
  created_at: string;
  attachments?: Attachment[];
}

/** A snapshot: what the generation has made up to and including `seq` (0 and empty at its start). */
export interface MessageStartEvent {
  type: 'message_start';
  id: string;
  role: 'assistant';
  created_at: string;
  seq: number;
  content: string;
  reasoning: string;
  parent_id: string | null;
  client_id: string | null;
  model: string | null;
  provider_used: string | null;
  context?: ContextInfo | null;
}

/** Has no `seq`: it is not an entry of the log. */
export interface StatusEvent {
  type: 'status';
  id: string;
  phase: Phase;
  /** Place in the waiting line, from 1; only while `queued`. */
  position?: number | null;
  since: string;
}

/** The log entries after `from` up to and including `seq`, merged. */
export interface DeltaEvent {
  type: 'delta' | 'reasoning_delta';
  id: string;
  from: number;
  seq: number;
  content_chunk: string;
}

/** `seq` is the last delta's plus one: the end is an entry of the log. */
export interface MessageEndEvent {
  type: 'message_end';
  id: string;
  seq: number;
  status: EndStatus;
  finish_reason: string | null;
  full_content: string;
  tokens?: Tokens | null;
  timings?: Timings | null;
  /** After a fallback, these differ from those in `message_start`. */
  model?: string | null;
  context?: ContextInfo | null;
  provider_used: string | null;
  fallback_used: boolean;
  error?: Problem | null;
  /** Parameters that were chosen, and that who answers does not have. */
  left_out?: string[] | null;
  /** What the reply called before it ended. */
  tool_calls?: ToolCall[] | null;
  next?: Next | null;
}

/** A call has come to another state; `id` is its reply. */
export interface ToolCallEvent {
  type: 'tool_call';
  id: string;
  call: ToolCall;
}

/** A message that waits until the reply before it has ended; `error`: why it could not be sent. */
export interface QueuedItem {
  client_id: string;
  content: string;
  created_at: string;
  attachments?: Attachment[];
  error?: Problem;
}

/** All that waits in the conversation, in its order. */
export interface QueueEvent {
  type: 'queue';
  conversation_id: string;
  /** They wait until the queue is resumed. */
  held: boolean;
  items: QueuedItem[];
}

export interface ConversationEvent {
  type: 'conversation';
  id: string;
  title: string;
  head_id: string | null;
  /** Another one than was read: a message was deleted or restored, so read them again. */
  revision?: number;
  /** The message whose deletion made the revision. */
  deleted?: string;
}

/** About a frame or the socket, never about a started generation. */
export interface ErrorEvent {
  type: 'error';
  code: string;
  message: string;
  client_id?: string | null;
  fields?: Record<string, string | string[]> | null;
}

export type ServerEvent =
  | ReadyEvent
  | UserMessageEvent
  | MessageStartEvent
  | StatusEvent
  | DeltaEvent
  | MessageEndEvent
  | ToolCallEvent
  | QueueEvent
  | ConversationEvent
  | ErrorEvent
  | { type: 'heartbeat' };

export const SERVER_EVENT_TYPES = [
  'ready',
  'user_message',
  'message_start',
  'status',
  'delta',
  'reasoning_delta',
  'message_end',
  'tool_call',
  'queue',
  'conversation',
  'error',
  'heartbeat',
] as const satisfies readonly ServerEvent['type'][];

export const CloseCode = {
  badFrames: 4400,
  /** Not signed in, the key was revoked, or the session ended: an answer, so never fall back. */
  signedOut: 4401,
  /** The key was not made for reading: an answer, so never fall back. */
  notAllowed: 4403,
  /** No such conversation, or another user's: an answer, so never fall back. */
  missing: 4404,
  tooManySockets: 4429,
  tooLarge: 1009,
  /** The server failed; everything stored is kept, so connect again. */
  internal: 1011,
  restarting: 1012,
} as const;

const known: ReadonlySet<string> = new Set(SERVER_EVENT_TYPES);

/**
 * One text frame → one event, or null for an unknown one (a newer server may
 * send more types: adding is free, so they are skipped).
 */
export function parseEvent(text: string): ServerEvent | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof value !== 'object' || value === null || !('type' in value)) return null;
  return typeof value.type === 'string' && known.has(value.type) ? (value as ServerEvent) : null;
}
