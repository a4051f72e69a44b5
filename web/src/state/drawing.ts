/**
 * Which conversations ended the page while they were drawn. What a model writes may be more than a
 * browser bears: then it ends the tab, each time the chat is opened anew. So a mark is stored before
 * a conversation is drawn, and removed once it is.
 */
import { readStored, writeStored } from '../stored';

/** After so many crashes it is shown as plain text. */
const CRASHES = 2;

const nameOf = (id: string) => `drawing:${id}`;

/** Those that this page draws, and how often each had ended it before. */
const drawings = new Map<string, number>();

function crashesOf(id: string): number {
  const stored = readStored<unknown>(nameOf(id));
  return typeof stored === 'number' ? stored : 0;
}

/** Marks that it is being drawn. Returns true when it has to be plain text. */
export function startDrawing(id: string): boolean {
  const crashes = drawings.get(id) ?? crashesOf(id);
  if (!drawings.has(id)) writeStored(nameOf(id), crashes + 1);
  drawings.set(id, crashes);
  return crashes >= CRASHES;
}

/** It has been drawn. One that is plain text stays so, until `drawFormatted`. */
export function finishDrawing(id: string, plain: boolean): void {
  if (drawings.delete(id)) writeStored(nameOf(id), plain ? CRASHES : null);
}

/** Marks that it is laid out once more. */
export function drawFormatted(id: string): void {
  drawings.set(id, CRASHES - 1);
  writeStored(nameOf(id), CRASHES);
}

/** The page ended while it was drawn, the last time. */
export function wasCut(id: string): boolean {
  return !drawings.has(id) && crashesOf(id) > 0;
}

// A page that is left in good order has not crashed.
window.addEventListener('pagehide', () => {
  for (const [id, crashes] of drawings) writeStored(nameOf(id), crashes === 0 ? null : crashes);
  drawings.clear();
});
