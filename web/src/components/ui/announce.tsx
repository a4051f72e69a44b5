import { useSyncExternalStore } from 'react';

let text = '';
const listeners = new Set<() => void>();

/** Announces a short sentence to screen readers, politely. The same sentence again changes nothing. */
export function announce(sentence: string): void {
  if (sentence === text) return;
  text = sentence;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** The page's one live region; the thread itself is not live, or every token would be read out. */
export function Announcer() {
  return (
    <div className="sr-only" role="status">
      {useSyncExternalStore(subscribe, () => text)}
    </div>
  );
}
