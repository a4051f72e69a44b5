import type { Written } from '../transport/types';
import type { ThreadMessage } from './thread';

/** The message's text as it was written (Markdown source for a reply). */
export function messageText(message: ThreadMessage): string {
  return joined(message, 'text');
}

/** An own message as it is sent. */
export function written(message: ThreadMessage): Written {
  const attachments = message.metadata?.attachments;
  return { content: messageText(message), ...(attachments ? { attachments } : {}) };
}

export function messageReasoning(message: ThreadMessage): string {
  return joined(message, 'reasoning');
}

function joined(message: ThreadMessage, type: 'text' | 'reasoning'): string {
  let text = '';
  for (const part of message.parts) if (part.type === type) text += part.text;
  return text;
}

/** The reply is still being made. */
export function isRunning(message: ThreadMessage): boolean {
  const status = message.metadata?.status;
  return status === 'streaming' || status === 'stopping' || status === 'sending';
}
