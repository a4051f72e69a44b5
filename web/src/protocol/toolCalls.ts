/** Tools, their calls, and what they ask people for. */

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
