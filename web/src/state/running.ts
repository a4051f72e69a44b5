/**
 * Stops the reply of a conversation that is open on this page. The shell can call it
 * without loading the engine.
 */
const stops = new Map<string, () => Promise<void>>();

/** Returns the way to take it back. */
export function registerStop(conversationId: string, stop: () => Promise<void>): () => void {
  stops.set(conversationId, stop);
  return () => {
    if (stops.get(conversationId) === stop) stops.delete(conversationId);
  };
}

/** Resolves when nothing runs there any more; at once when it is not open here. */
export async function stopRunning(conversationId: string): Promise<void> {
  await stops.get(conversationId)?.();
}
