/**
 * Saves that wait for a pause, by conversation. A request in the meantime can have
 * them done first, so that it builds on what the page shows.
 */

/** A slider that is being dragged saves once, this long (ms) after it stands still. */
export const SAVE_AFTER_MS = 600;
/** A turn waits no longer than this (ms) for a save: it is better sent without it. */
const PATIENCE_MS = 3_000;

interface Waiting {
  timer: ReturnType<typeof setTimeout>;
  save: () => Promise<void>;
}

const waiting = new Map<string, Waiting>();
const going = new Map<string, Promise<void>>();

/** Calls `save` after a pause; another call before that takes its place. `save` never rejects. */
export function saveSoon(conversationId: string, save: () => Promise<void>): void {
  clearTimeout(waiting.get(conversationId)?.timer);
  const timer = setTimeout(() => void saveNow(conversationId), SAVE_AFTER_MS);
  waiting.set(conversationId, { timer, save });
}

/** Saves now. Resolves when it is saved, or has failed; undefined when nothing waits. */
export function saveNow(conversationId: string): Promise<void> | undefined {
  const due = waiting.get(conversationId);
  if (!due) return going.get(conversationId);
  clearTimeout(due.timer);
  waiting.delete(conversationId);
  const patience = new Promise<void>((resolve) => {
    setTimeout(resolve, PATIENCE_MS);
  });
  const saving = Promise.race([due.save(), patience]).finally(() => {
    if (going.get(conversationId) === saving) going.delete(conversationId);
  });
  going.set(conversationId, saving);
  return saving;
}
