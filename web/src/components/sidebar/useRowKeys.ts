import { useCallback, useLayoutEffect, useRef, type KeyboardEvent, type RefObject } from 'react';
import type { Layout } from './layout';

interface Options {
  layout: Layout;
  scroller: RefObject<HTMLElement | null>;
  /** Which row Tab leads to. */
  active: string | null;
  onActive(id: string): void;
  onRename(id: string): void;
  onRemove(id: string): void;
}

/** Moves through the list by arrow keys; one row of it is in the tab order. */
export function useRowKeys({ layout, scroller, active, onActive, onRename, onRemove }: Options) {
  const wanted = useRef<string | null>(null);

  const focusRow = useCallback(
    (index: number) => {
      const row = layout.rows[Math.min(layout.rows.length - 1, Math.max(0, index))];
      if (!row) return;
      wanted.current = row.id;
      const place = layout.items.findIndex((item) => item.kind === 'row' && item.row === row);
      reveal(scroller.current, layout.tops[place]!, layout.tops[place + 1]!);
      onActive(row.id);
    },
    [layout, scroller, onActive],
  );

  // After the row is there: it may have been far out of sight.
  useLayoutEffect(() => {
    if (wanted.current === null) return;
    const link = scroller.current?.querySelector<HTMLElement>(`[data-row="${wanted.current}"]`);
    if (!link) return;
    wanted.current = null;
    link.focus({ preventScroll: true });
  });

  function onKeyDown(event: KeyboardEvent<HTMLElement>) {
    const target = event.target instanceof Element ? event.target : null;
    if (!target?.closest('[data-row]') || event.altKey || event.ctrlKey || event.metaKey) return;
    const at = layout.rows.findIndex((row) => row.id === active);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: layout.rows.length - 1 }[event.key];
    if (to !== undefined) focusRow(to);
    else if (event.key === 'F2' && active) onRename(active);
    else if (event.key === 'Delete' && active) onRemove(active);
    else return;
    event.preventDefault();
  }

  return { onKeyDown, focusRow };
}

/** Scrolls no further than the row needs. */
export function reveal(scroller: HTMLElement | null, top: number, end: number): void {
  if (!scroller) return;
  const { scrollTop, clientHeight } = scroller;
  if (top < scrollTop) scroller.scrollTop = top;
  else if (end > scrollTop + clientHeight) scroller.scrollTop = end - clientHeight;
}
