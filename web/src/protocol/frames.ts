/** What the page sends over the socket. */
import type { Answer } from './toolCalls';
import type { Parameters } from './values';

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
