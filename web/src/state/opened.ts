/**
 * The data that the server put into the page of a conversation: the same that
 * the REST API would return. Each part is given once; later it is out of date.
 */
import type { Conversation, Message } from '../protocol';

interface Opened {
  conversation: Conversation;
  messages: Message[];
}

let opened: Partial<Opened> | null | undefined;

/** A part of it, if it is about this conversation and was not taken yet. */
export function takeOpened<Part extends keyof Opened>(id: string, part: Part): Opened[Part] | undefined {
  opened ??= read();
  if (!opened || about !== id) return undefined;
  const taken = opened[part];
  delete opened[part];
  return taken;
}

/** How many messages it holds; null without one. */
export function openedMessages(): number | null {
  opened ??= read();
  return opened?.messages?.length ?? null;
}

let about: string | undefined;

function read(): Partial<Opened> | null {
  const element = document.getElementById('opened');
  const content = element?.textContent ? (JSON.parse(element.textContent) as Opened | null) : null;
  about = content?.conversation.id;
  element?.remove();
  return content;
}
