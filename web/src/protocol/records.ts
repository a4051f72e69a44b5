/** Conversations, messages and files, as REST shows them. */
import type { Attachment, ContextInfo, MessageStatus, Problem, Role, Settings, Timings, Tokens } from './values';
import type { Next, ToolCall } from './toolCalls';

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
