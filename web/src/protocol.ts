/**
 * The wire: socket events, client frames, REST shapes and close codes.
 *
 * The mirror of `streaming/events.py`; a Python test holds the two against each other, so that
 * a field is renamed in both or in neither. Ids are UUIDs, times are ISO 8601 UTC with `Z`.
 * Nothing here runs except the parser at the end.
 */

export type Role = 'user' | 'assistant' | 'system' | 'tool';
export type MessageStatus =
  'streaming' | 'stopping' | 'completed' | 'stopped' | 'interrupted' | 'failed';
/** How a generation can end; exactly one `message_end` carries one of these. */
export type EndStatus = 'completed' | 'stopped' | 'interrupted' | 'failed';
export type Phase = 'queued' | 'loading' | 'prompt_eval' | 'generating' | 'stopping';

export interface Tokens {
  prompt: number;
  completion: number;
  total: number;
  /** Tokens of the prompt that the provider did not read again; missing where there are none. */
  cached?: number;
  /** `estimated` = four characters a token; `provider` = counted by the model. */
  source: 'provider' | 'estimated';
}

/** How the history was fitted into the model's window. */
export interface ContextInfo {
  window: number;
  prompt_tokens: number;
  /** Older messages that were left out of the prompt. */
  dropped_messages: number;
  /** The reply ended because prompt and reply fill the window; else missing. */
  full?: boolean;
  /** After a fallback: who was asked before and failed, in order. */
  failed?: { provider: string; code: string }[];
  /** How the model was given the files of the conversation, the newest message's first. */
  files?: FileUse[];
}

/** How the model was given a file; `passages` names the pages, sheets or slides of which some were. */
export interface FileUse {
  id: string;
  tokens: number;
  used: 'whole' | 'passages' | 'left_out';
  passages?: string[];
}

/** Why a reply failed; `message` is a sentence for people. */
export interface Problem {
  code: string;
  message: string;
  retryable: boolean;
  /** In seconds, where the provider gave it. */
  retry_after?: number;
  /** The provider's own words, without addresses, paths and keys. */
  detail?: string;
}

export interface Parameters {
  temperature?: number;
  max_tokens?: number;
  top_p?: number;
  model?: string;
  // Where the model has them.
  reasoning_effort?: string;
  seed?: number;
  /** Texts at which the reply ends. */
  stop?: string[];
  top_k?: number;
  repeat_penalty?: number;
  response_format?: 'json';
}

/** What a conversation remembers; the system prompt is no parameter of a request. */
export interface Settings extends Parameters {
  system_prompt?: string;
  /** Tool servers, or single tools as `server/tool`. */
  tools?: string[];
}

/** A change to that; null forgets. */
export type SettingsPatch = { [Name in keyof Settings]: Settings[Name] | null };

/** Seconds. `generate_s` is the writing alone, for the speed. */
export interface Timings {
  first_token_s?: number;
  /** From the first word of reasoning to the first of the answer. */
  thought_s?: number;
  total_s?: number;
  load_s?: number;
  prompt_s?: number;
  generate_s?: number;
}

// Server events ---------------------------------------------------------------------------------

export interface ReadyEvent {
  type: 'ready';
  protocol: number;
  conversation_id: string;
  /** Seconds between the server's heartbeats. */
  heartbeat_s: number;
}

/** A file of a message, as `GET /api/files/{id}/` shows it. */
export interface Attachment {
  id: string;
  name: string;
  /** What there is to see, for people who cannot; empty when nobody said. */
  alt: string;
  kind: 'image' | 'document';
  media_type: string;
  size: number;
  width: number | null;
  height: number | null;
  /** An estimate. */
  tokens: number | null;
  status: 'processing' | 'ready' | 'failed';
  error: { code: string; message: string } | null;
  created_at: string;
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

export type CallState =
  | 'asked'
  | 'needs_sign_in'
  | 'allowed'
  | 'running'
  | 'denied'
  | 'done'
  | 'failed'
  | 'cancelled'
  | 'interrupted';

/** A tool that a reply called; what came of it is there once it has ended. */
export interface ToolCall {
  id: string;
  server: string;
  name: string;
  arguments: Record<string, unknown>;
  state: CallState;
  /** What its server asks a person for, in the middle of the call. */
  input?: Question[];
  result?: string;
  truncated?: boolean;
  files?: string[];
  took_s?: number | null;
  /** Of who denied it. */
  reason?: string;
}

/** A form to be filled in, or an address to be opened. */
export interface Question {
  id: string;
  message: string;
  schema?: { properties?: Record<string, QuestionField>; required?: string[] };
  url?: string;
}

interface Choices {
  enum?: string[];
  enumNames?: string[];
  oneOf?: { const: string; title?: string }[];
  anyOf?: { const: string; title?: string }[];
}

/** JSON Schema of one field, as far as MCP allows it. */
export interface QuestionField extends Choices {
  type: 'string' | 'number' | 'integer' | 'boolean' | 'array';
  title?: string;
  description?: string;
  default?: unknown;
  format?: string;
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
  items?: Choices;
}

export interface Answer {
  action: 'accept' | 'decline' | 'cancel';
  content?: Record<string, unknown>;
}

/** A server whose tools may be used, or what is built in. */
export interface ToolServer {
  name: string;
  built_in: boolean;
  tools: { name: string; description: string }[];
}

/** What a turn waits for after a reply that called tools. */
export type Next = 'tools' | 'decision';

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

// Client frames ---------------------------------------------------------------------------------

export interface UserMessageFrame {
  type: 'user_message';
  client_id: string;
  content: string;
  /** The ids of at most ten files; `content` may be empty then. */
  attachments?: string[];
  /** Left out: the conversation's head. Null: a new beginning. */
  parent_id?: string | null;
  parameters?: Parameters;
  /** While a reply is being written: wait for its end instead of being refused. */
  queue?: boolean;
}

export interface RegenerateFrame {
  type: 'regenerate';
  client_id: string;
  message_id: string;
  /** Go on below the message instead of replacing it. */
  continue?: boolean;
  parameters?: Parameters;
}

/** Allows or denies a tool call; the first decision counts. */
export interface DecideFrame {
  type: 'decide';
  client_id: string;
  message_id: string;
  call_id: string;
  allow: boolean;
  remember?: 'once' | 'conversation' | 'always';
  arguments?: Record<string, unknown>;
  reason?: string;
  /** To what the call's server asks, by the ids of the questions. */
  answers?: Record<string, Answer>;
}

export type ClientFrame =
  | UserMessageFrame
  | RegenerateFrame
  | { type: 'stop' | 'follow'; id: string }
  | { type: 'unqueue'; client_id: string }
  | { type: 'queue_resume' }
  | { type: 'queue_order'; client_ids: string[] }
  | { type: 'send_now'; client_id: string }
  | DecideFrame
  | { type: 'heartbeat' };

export const CLIENT_FRAME_TYPES = [
  'user_message',
  'regenerate',
  'stop',
  'follow',
  'unqueue',
  'queue_resume',
  'queue_order',
  'send_now',
  'decide',
  'heartbeat',
] as const satisfies readonly ClientFrame['type'][];

// Close codes -----------------------------------------------------------------------------------

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

// REST shapes -----------------------------------------------------------------------------------

export interface Message {
  id: string;
  parent_id: string | null;
  /** All versions of it, itself among them, oldest first; null outside lists. */
  sibling_ids: string[] | null;
  /** Who wrote each of these; null where there is only one, and outside lists. */
  sibling_models?: (string | null)[] | null;
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
  timings: Timings | null;
  error: Problem | null;
  /** Parameters that were chosen, and that its provider does not have. */
  left_out?: string[] | null;
  attachments?: Attachment[];
  tool_calls?: ToolCall[];
  next?: Next | null;
  /** What the reader thinks of it. */
  rating?: { value: 1 | -1; comment: string } | null;
  created_at: string;
  completed_at: string | null;
}

export interface Conversation {
  id: string;
  title: string;
  head_id: string | null;
  settings: Settings;
  pinned: boolean;
  archived: boolean;
  /** A reply is being written in it. */
  running: boolean;
  /** In no list, and deleted an hour after its last use. */
  temporary?: boolean;
  /** Rises when a message is deleted or restored. */
  revision?: number;
  created_at: string;
  updated_at: string;
  message_count: number;
}

/** A part of a text, and whether a search found it. */
export interface TextPart {
  text: string;
  marked: boolean;
}

/** Where a conversation matches a search; id and snippet are null when only the title does. */
export interface SearchMatch {
  message_id: string | null;
  title: TextPart[];
  snippet: TextPart[] | null;
}

/** A conversation in a list; without a search there is no match. */
export interface FoundConversation extends Conversation {
  snippet?: string | null;
  match?: SearchMatch | null;
}

export type ConversationChanges = Partial<Pick<Conversation, 'title' | 'pinned' | 'archived'>>;

export interface Page<T> {
  next: string | null;
  previous: string | null;
  results: T[];
}

/** The person's files, a page of them, and how much room all of them take; no quota is no limit. */
export interface FilePage extends Page<Attachment> {
  used_bytes: number;
  quota_bytes: number | null;
}

/** What `POST …/generate/` answers; a failed reply (502, 503, 504) carries the rows and `error`. */
export interface GenerateResult {
  user_message: Message;
  message: Message;
  provider_used: string | null;
  fallback_used?: boolean;
  tokens?: Tokens | null;
}

export interface Model {
  id: string;
  label: string;
  provider: string;
  context_length: number | null;
  capabilities: string[];
  /** What it has beside temperature, max_tokens and top_p. */
  parameters?: string[];
  size_bytes: number | null;
  parameter_size: string | null;
  quantization_level: string | null;
  /** True when prompts leave the machine; null when unknown. */
  remote: boolean | null;
}

export interface Bounds {
  min: number;
  max: number;
  step: number;
  default: number;
}

export interface ModelList {
  provider: string;
  default: string | null;
  /** Set when the provider does not answer; `results` is then empty. */
  error: { code: string; message: string } | null;
  /** A sentence about the demonstration model, when that is what answers. */
  notice: string | null;
  results: Model[];
  parameters: { temperature: Bounds; max_tokens: Bounds; top_p: Bounds };
  choices?: { reasoning_effort: string[] };
  /** Added to `max_tokens` for a model that thinks. */
  reasoning_tokens?: number;
}

/** What a person keeps to use again. */
export interface Entry {
  id: string;
  created_at: string;
  updated_at: string;
}

export interface Prompt extends Entry {
  name: string;
  /** `{{name}}` in it is to be filled in. */
  text: string;
}

export interface Preset extends Entry {
  name: string;
  settings: Settings;
}

export interface Library {
  prompts: Prompt;
  presets: Preset;
}

export type LibraryKind = keyof Library;

/** Work on a model of a server that keeps models. */
export interface ModelJob {
  id: string;
  connection: string;
  model: string;
  kind: 'pull' | 'delete' | 'unload';
  state: 'waiting' | 'running' | 'done' | 'failed' | 'cancelled';
  done_bytes: number;
  total_bytes: number;
  error: string;
}

export interface Me {
  id: string | number;
  username: string;
  is_staff: boolean;
  /** The admin pages have something for them. */
  may_administer: boolean;
  /** Sent to the model with every prompt. */
  instructions?: string;
  /** Empty: the browser decides. */
  language?: string;
  theme?: 'system' | 'light' | 'dark';
  default_model?: string;
  /** Null: no limit. */
  limits?: Record<
    'requests_per_minute' | 'concurrent_requests' | 'tokens_per_day' | 'tokens_per_month',
    number | null
  >;
}

// Parsing ---------------------------------------------------------------------------------------

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
