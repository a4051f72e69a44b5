/** What events of the socket and rows of REST have in common. */

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
