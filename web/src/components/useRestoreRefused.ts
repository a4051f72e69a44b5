import { useEffect, useRef } from 'react';
import type { SendError } from '../hooks/usePlayground';

/** Puts a text that was refused back into the composer, before whatever was typed since. */
export function useRestoreRefused(refused: SendError | null, draft: string, setDraft: (text: string) => void): void {
  const handled = useRef<SendError | null>(null);
  useEffect(() => {
    if (refused === handled.current) return;
    handled.current = refused;
    if (refused?.content) setDraft(draft === '' ? refused.content : `${refused.content}\n\n${draft}`);
  }, [refused, draft, setDraft]);
}
