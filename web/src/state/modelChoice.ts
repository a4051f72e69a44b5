/** The models that a person chose in this browser: the last one is that of new chats. */
import type { Conversation } from '../protocol';
import { api } from '../transport/api';
import { readStored, writeStored } from '../stored';

const STORED_AS = 'chat.models.chosen';
const MOST = 5;

/** The ids of the models chosen lately, the last one first. */
export function recentModels(): string[] {
  const stored = readStored<unknown>(STORED_AS);
  return Array.isArray(stored) ? stored.filter((id) => typeof id === 'string') : [];
}

/** The model of new chats; undefined: the server's default. */
export function modelOfNewChats(): string | undefined {
  return recentModels()[0];
}

export function rememberModel(id: string): void {
  writeStored(STORED_AS, [id, ...recentModels().filter((other) => other !== id)].slice(0, MOST));
}

function settingsOfNewChats(): { model?: string } {
  const model = modelOfNewChats();
  return model ? { model } : {};
}

/** A conversation of which nothing is kept, with the model that was chosen last. */
export function openTemporary(): Promise<Conversation> {
  return api.temporaryConversation(settingsOfNewChats());
}

/**
 * A conversation to begin with, with the model that was chosen last.
 *
 * @param other the open one, which is not meant: its first message may still be on its way
 */
export async function openEmpty(other?: string | null): Promise<Conversation> {
  const settings = settingsOfNewChats();
  const empty = await api.emptyConversation(settings);
  return empty.id === other ? api.emptyConversation(settings, false) : empty;
}
