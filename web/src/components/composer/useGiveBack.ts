import { useCallback, useEffect, useRef } from 'react';
import type { SendError } from '../../hooks/usePlayground';
import type { Written } from '../../transport/types';

type GiveBack = (message: Written) => void;

/** Puts a message back into the composer, its text before whatever was typed since. */
export function useGiveBack(draft: string, setDraft: (text: string) => void, addFiles: GiveBack = () => {}): GiveBack {
  const latest = useRef({ draft, addFiles });
  useEffect(() => {
    latest.current = { draft, addFiles };
  });
  return useCallback(
    (message) => {
      const { draft: typed, addFiles: add } = latest.current;
      add(message);
      const parts = [message.content, typed].filter((part) => part !== '');
      if (message.content !== '') setDraft(parts.join('\n\n'));
    },
    [setDraft],
  );
}

/** Puts a refused message back into the composer. */
export function useRestoreRefused(refused: SendError | null, giveBack: GiveBack): void {
  const handled = useRef<SendError | null>(null);
  useEffect(() => {
    if (refused === handled.current) return;
    handled.current = refused;
    if (refused) giveBack(refused);
  }, [refused, giveBack]);
}
