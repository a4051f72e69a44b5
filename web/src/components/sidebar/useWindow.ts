import { useLayoutEffect, useState, type RefObject } from 'react';

/** Rows that are laid out beyond what can be seen, in pixels: a fast scroll shows no gaps. */
const BEYOND_PX = 400;

export interface Range {
  first: number;
  last: number;
}

/** The range of visible items: `tops` holds their offsets and, last, the total height (px). */
export function useWindow(scroller: RefObject<HTMLElement | null>, tops: readonly number[]): Range {
  const [range, setRange] = useState<Range>({ first: 0, last: 30 });
  useLayoutEffect(() => {
    const element = scroller.current;
    if (!element) return;
    function look() {
      const { scrollTop, clientHeight } = element!;
      const first = indexAt(tops, scrollTop - BEYOND_PX);
      const last = indexAt(tops, scrollTop + clientHeight + BEYOND_PX);
      setRange((old) => (old.first === first && old.last === last ? old : { first, last }));
    }
    look();
    const observer = new ResizeObserver(look);
    observer.observe(element);
    element.addEventListener('scroll', look, { passive: true });
    return () => {
      observer.disconnect();
      element.removeEventListener('scroll', look);
    };
  }, [scroller, tops]);
  return range;
}

/** The last item that begins at or before `y`, by halving. */
export function indexAt(tops: readonly number[], y: number): number {
  let low = 0;
  let high = Math.max(0, tops.length - 2);
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (tops[middle]! <= y) low = middle;
    else high = middle - 1;
  }
  return low;
}
