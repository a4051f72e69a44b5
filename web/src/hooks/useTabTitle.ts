import { useEffect, useState } from 'react';
import { strings } from '../strings';

/**
 * The title of the tab: that of the chat, after a dot while a reply runs, and after a tick when one
 * has ended in a tab that nobody looks at.
 */
export function useTabTitle(title: string, busy: boolean): void {
  const [unseen, setUnseen] = useState(false);
  useEffect(() => {
    if (!busy) return;
    // It has ended, or the chat was left.
    return () => setUnseen(document.visibilityState === 'hidden');
  }, [busy]);
  useEffect(() => {
    const seen = () => {
      if (document.visibilityState === 'visible') setUnseen(false);
    };
    document.addEventListener('visibilitychange', seen);
    return () => document.removeEventListener('visibilitychange', seen);
  }, []);
  useEffect(() => {
    const sign = busy ? '● ' : unseen ? '✓ ' : '';
    document.title = `${sign}${title} · ${strings.product}`;
  }, [title, busy, unseen]);
  useEffect(
    () => () => {
      document.title = strings.product;
    },
    [],
  );
}
