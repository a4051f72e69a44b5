/**
 * The thread's message as the components see it, and how stored messages become one.
 * Of the AI SDK only types are used: the shell imports this too.
 */
import type { UIMessage } from 'ai';
import type { Message, MessageStatus, Phase } from '../protocol';
import type { ApiError } from '../transport/apiError';
import type { TurnError, Written } from '../transport/types';

/** The fields that hold something. */
type Known<Fields> = { [Name in keyof Fields]?: NonNullable<Fields[Name]> };
type Shown = Omit<Message, 'id' | 'role' | 'content' | 'reasoning' | 'status' | 'parent_id'>;

/** A message's fields, by their names on the wire, and what only this page knows of it. */
export interface MessageMetadata extends Known<Shown> {
  /** `sending` = not yet accepted by the server; `failed` on an own one = it never was. */
  status?: MessageStatus | 'sending';
  parent_id?: string | null;
  phase?: Phase;
  /** When the phase began. */
  since?: string;
  /** How many wait before it, itself counted; 0 when it does not wait. */
  position?: number;
  /** The server's id, where the message keeps another one on this page (see ThreadMessage). */
  serverId?: string;
  /** The reply came all at once, over REST. */
  viaRest?: boolean;
}

/** Prompt and reply fill the context of the model: the reply could not go on. */
export function isWindowFull({ finish_reason, tokens, context }: MessageMetadata): boolean {
  return finish_reason === 'length' && !!tokens && !!context && tokens.total >= context.window;
}

/** Leaves out what is null or missing, so that it does not overwrite what is known already. */
export function known<Fields extends object>(fields: Fields): Known<Fields> {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== null && value !== undefined),
  ) as Known<Fields>;
}

/**
 * Parts are `reasoning` and `text` (and the SDK's `step-start`, which shows nothing). `id` never
 * changes while the page is open: a message sent here keeps its client id, a reply its server id.
 */
export type ThreadMessage = UIMessage<MessageMetadata>;

/** Refused before acceptance: nothing was stored, so it goes back into the composer. */
export interface SendError extends Written {
  /** The refused text; empty when a regeneration was refused. */
  content: string;
  code: string;
  message: string;
  fields?: ApiError['fields'];
}

export function toSendError({ content, attachments }: Written, { code, message, fields }: TurnError): SendError {
  return { content, attachments, code, message, ...(fields ? { fields } : {}) };
}

/** Stored messages → the thread, without system and tool messages. */
export function toThread(messages: Message[]): ThreadMessage[] {
  return messages.flatMap((message) =>
    message.role === 'user' || message.role === 'assistant'
      ? [toThreadMessage(message, message.role)]
      : [],
  );
}

function toThreadMessage(message: Message, role: 'user' | 'assistant'): ThreadMessage {
  const { id, role: _, content, reasoning, parent_id, ...fields } = message;
  const parts: ThreadMessage['parts'] = [];
  if (reasoning) parts.push({ type: 'reasoning', text: reasoning, state: 'done' });
  if (content) parts.push({ type: 'text', text: content, state: 'done' });
  return { id, role, parts, metadata: { ...known(fields), parent_id } };
}

/** The id under which the server knows a message. */
export function serverIdOf(message: ThreadMessage): string {
  return message.metadata?.serverId ?? message.id;
}

/** Is it a reply that the server still makes? */
export function isRunningReply(message: ThreadMessage | undefined): boolean {
  const status = message?.metadata?.status;
  return message?.role === 'assistant' && (status === 'streaming' || status === 'stopping');
}

/** The server has not confirmed this own message. */
export function isUnaccepted({ role, metadata }: ThreadMessage): boolean {
  return role === 'user' && (metadata?.status === 'sending' || metadata?.status === 'failed');
}

/**
 * The stored thread, with what only this page knows: messages not accepted yet stay at the end,
 * messages sent here keep their ids (so that nothing is drawn again), and the shown part of the
 * same branch before the first stored one stays.
 */
export function mergeThread(shown: ThreadMessage[], stored: ThreadMessage[]): ThreadMessage[] {
  const sentHere = new Map(shown.flatMap((own) => (own.role === 'user' ? [[own.id, own]] : [])));
  const merged = stored.map((message) => {
    const clientId = message.role === 'user' ? message.metadata?.client_id : undefined;
    if (!clientId || clientId === message.id || !sentHere.has(clientId)) return message;
    return { ...message, id: clientId, metadata: { ...message.metadata, serverId: message.id } };
  });
  const ids = new Set(merged.map((message) => message.id));
  return [...leadingTo(shown, stored[0]), ...merged, ...shown.filter((own) => isUnaccepted(own) && !ids.has(own.id))];
}

/** Without a deleted message; what was below it hangs below its parent. */
export function withoutMessage(shown: ThreadMessage[], serverId: string): ThreadMessage[] {
  const deleted = shown.find((message) => serverIdOf(message) === serverId);
  const parent_id = deleted?.metadata?.parent_id ?? null;
  return shown.flatMap((message) => {
    if (message === deleted) return [];
    const { metadata } = message;
    return metadata?.parent_id === serverId ? [{ ...message, metadata: { ...metadata, parent_id } }] : [message];
  });
}

/** The shown messages up to the parent of `first`: a message's ancestors never change. */
function leadingTo(shown: ThreadMessage[], first: ThreadMessage | undefined): ThreadMessage[] {
  const parent = first?.metadata?.parent_id;
  if (!parent) return [];
  return shown.slice(0, shown.findIndex((message) => serverIdOf(message) === parent) + 1);
}
