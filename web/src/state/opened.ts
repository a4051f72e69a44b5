/**
 * The data that the server put into the page of a conversation: the same that
 * the REST API would return. Each part is given once; later it is out of date.
 */
import type { Conversation, Message, Prompt } from '../protocol';

interface Opened {
  conversation: Conversation;
  messages: Message[];
  /** The first prompts of the library, where there are no messages. */
  prompts?: Pick<Prompt, 'name' | 'text'>[];
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

/** The prompts that the server has drawn; undefined where it drew none. */
export function openedPrompts(): Opened['prompts'] {
  opened ??= read();
  return opened?.prompts;
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
