import { useCallback, useEffect, useRef } from 'react';
import type { SendError } from '../../hooks/usePlayground';

type GiveBack = (content: string) => void;

/** Puts a text back into the composer, before whatever was typed since. */
export function useGiveBack(draft: string, setDraft: (text: string) => void): GiveBack {
  const latest = useRef(draft);
  useEffect(() => {
    latest.current = draft;
  });
  return useCallback(
    (content) => setDraft(latest.current === '' ? content : `${content}\n\n${latest.current}`),
    [setDraft],
  );
}

/** Puts a refused text back into the composer. */
export function useRestoreRefused(refused: SendError | null, giveBack: GiveBack): void {
  const handled = useRef<SendError | null>(null);
  useEffect(() => {
    if (refused === handled.current) return;
    handled.current = refused;
    if (refused?.content) giveBack(refused.content);
  }, [refused, giveBack]);
}
