import { useEffect, useRef } from 'react';
import type { Playground } from '../../hooks/usePlayground';
import { provide, run } from '../../state/commands';
import { whenDrawn } from './whenDrawn';

/** Pages of older messages that are loaded at most. */
const MOST_PAGES = 60;
/** So often in a row nothing comes, before what there is has to do. */
const MOST_MISSES = 3;
const MISSED_MS = 200;

/**
 * Prints the thread from its first message. What a browser prints by itself has only what is loaded:
 * so its own keys are ours while there is more.
 */
export function usePrint(playground: Playground): void {
  const latest = useRef(playground);
  const printing = useRef(false);
  useEffect(() => {
    latest.current = playground;
  });
  useEffect(() => {
    async function print() {
      if (printing.current) return;
      printing.current = true;
      try {
        await loadAll(() => latest.current);
        await new Promise<void>((done) => void whenDrawn(done));
        window.print();
      } finally {
        printing.current = false;
      }
    }
    function onKey(event: KeyboardEvent) {
      const isPrint = event.key.toLowerCase() === 'p' && (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey;
      if (!isPrint || !latest.current.hasOlder) return;
      event.preventDefault();
      run('printChat');
    }
    const take = provide('printChat', () => void print());
    window.addEventListener('keydown', onKey);
    return () => {
      take();
      window.removeEventListener('keydown', onKey);
    };
  }, []);
}

async function loadAll(current: () => Playground, pages = MOST_PAGES, misses = 0): Promise<void> {
  if (pages === 0 || misses === MOST_MISSES || !current().hasOlder) return;
  // False also where the reader's scrolling has loaded the same ones meanwhile.
  const came = await current()
    .loadOlder()
    .catch(() => false);
  // Until they are in the thread.
  await new Promise((done) => setTimeout(done, came ? 0 : MISSED_MS));
  await loadAll(current, pages - 1, came ? 0 : misses + 1);
}
