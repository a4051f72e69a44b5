import { useCallback, useEffect, useRef, useState } from 'react';

/** How long typing must pause before the draft is stored, in milliseconds. */
const PAUSE_MS = 300;

function key(conversationId: string): string {
  return `draft:${conversationId}`;
}

function read(conversationId: string): string {
  try {
    return localStorage.getItem(key(conversationId)) ?? '';
  } catch {
    return ''; // storage is switched off
  }
}

function store(conversationId: string, text: string): void {
  try {
    if (text === '') localStorage.removeItem(key(conversationId));
    else localStorage.setItem(key(conversationId), text);
  } catch {
    // Full or switched off: the draft then lives as long as the page.
  }
}

/**
 * The text in the composer, kept per conversation through reloads. Setting '' forgets it at once.
 *
 * @param keeps false for a temporary conversation, of which nothing is stored
 */
export function useDraft(conversationId: string, keeps = true): [string, (text: string) => void] {
  const [text, setText] = useState(() => read(conversationId));
  const latest = useRef(text);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);

  const flush = useCallback(() => {
    clearTimeout(timer.current);
    if (keeps) store(conversationId, latest.current);
  }, [conversationId, keeps]);

  useEffect(() => {
    window.addEventListener('pagehide', flush);
    return () => {
      window.removeEventListener('pagehide', flush);
      flush();
    };
  }, [flush]);

  const change = useCallback(
    (next: string) => {
      latest.current = next;
      setText(next);
      clearTimeout(timer.current);
      if (next === '') flush();
      else timer.current = setTimeout(flush, PAUSE_MS);
    },
    [flush],
  );
  return [text, change];
}
