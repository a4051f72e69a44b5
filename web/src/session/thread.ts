/**
 * The thread's message as the components see it, and how stored messages become one.
 * Of the AI SDK only types are used: the shell imports this too.
 */
import type { UIMessage } from 'ai';
import type { ContextInfo, Message, MessageStatus, Phase, Problem, Tokens } from '../protocol';

export interface MessageMetadata {
  createdAt?: string;
  /** `sending` = not yet accepted by the server; `failed` on an own one = it never was. */
  status?: MessageStatus | 'sending';
  phase?: Phase;
  phaseSince?: string;
  /** Place in the waiting line, from 1; 0 when not waiting. */
  position?: number;
  model?: string;
  providerUsed?: string;
  fallbackUsed?: boolean;
  tokens?: Tokens;
  context?: ContextInfo;
  finishReason?: string;
  error?: Problem;
  clientId?: string;
  parentId?: string | null;
  /** The server's ids of all versions of it, oldest first, where there are several. */
  versions?: string[];
  /** The server's id, where the message keeps another one on this page (see ThreadMessage). */
  serverId?: string;
  /** The reply came whole, over REST. */
  viaRest?: boolean;
}

/**
 * Parts are `reasoning` and `text` (and the SDK's `step-start`, which shows nothing). `id` never
 * changes while the page is open: a message sent here keeps its client id, a reply its server id.
 */
export type ThreadMessage = UIMessage<MessageMetadata>;

/** Refused before acceptance: nothing was stored, so `content` goes back into the composer. */
export interface SendError {
  /** What was to be sent; empty when a regeneration was refused. */
  content: string;
  code: string;
  message: string;
}

/** Stored messages → the thread, without what is not shown (system, tool). */
export function toThread(messages: Message[]): ThreadMessage[] {
  return messages.flatMap((message) =>
    message.role === 'user' || message.role === 'assistant'
      ? [toThreadMessage(message, message.role)]
      : [],
  );
}

function toThreadMessage(message: Message, role: 'user' | 'assistant'): ThreadMessage {
  const parts: ThreadMessage['parts'] = [];
  if (message.reasoning) parts.push({ type: 'reasoning', text: message.reasoning, state: 'done' });
  if (message.content) parts.push({ type: 'text', text: message.content, state: 'done' });
  const { model, provider_used: provider, tokens, context, error, finish_reason: reason } = message;
  const versions = message.sibling_ids ?? [];
  return {
    id: message.id,
    role,
    parts,
    metadata: {
      createdAt: message.created_at,
      status: message.status,
      parentId: message.parent_id,
      fallbackUsed: message.fallback_used,
      ...(versions.length > 1 ? { versions } : {}),
      ...(message.client_id ? { clientId: message.client_id } : {}),
      ...(model ? { model } : {}),
      ...(provider ? { providerUsed: provider } : {}),
      ...(tokens ? { tokens } : {}),
      ...(context ? { context } : {}),
      ...(reason ? { finishReason: reason } : {}),
      ...(error ? { error } : {}),
    },
  };
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

/** Has the server never told that it has this own message? */
export function isUnaccepted({ role, metadata }: ThreadMessage): boolean {
  return role === 'user' && (metadata?.status === 'sending' || metadata?.status === 'failed');
}

/**
 * The stored thread, with what only this page knows: messages not accepted yet stay at the end,
 * messages sent here keep their ids (so that nothing is drawn anew), and what was shown of the
 * same branch before the first stored one stays.
 */
export function mergeThread(shown: ThreadMessage[], stored: ThreadMessage[]): ThreadMessage[] {
  const sentHere = new Map(shown.flatMap((own) => (own.role === 'user' ? [[own.id, own]] : [])));
  const merged = stored.map((message) => {
    const clientId = message.role === 'user' ? message.metadata?.clientId : undefined;
    if (!clientId || clientId === message.id || !sentHere.has(clientId)) return message;
    return { ...message, id: clientId, metadata: { ...message.metadata, serverId: message.id } };
  });
  const known = new Set(merged.map((message) => message.id));
  return [...leadingTo(shown, stored[0]), ...merged, ...shown.filter((own) => isUnaccepted(own) && !known.has(own.id))];
}

/** The shown messages up to the parent of `first`: a message's ancestors never change. */
function leadingTo(shown: ThreadMessage[], first: ThreadMessage | undefined): ThreadMessage[] {
  const parent = first?.metadata?.parentId;
  if (!parent) return [];
  return shown.slice(0, shown.findIndex((one) => serverIdOf(one) === parent) + 1);
}
