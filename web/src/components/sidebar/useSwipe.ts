import { useEffect } from 'react';

/** Where a swipe that opens has to begin, in pixels from the edge: the thread scrolls sideways too. */
const EDGE_PX = 40;
const FAR_PX = 56;

/** Calls `action` on a swipe from the edge (`open`) or towards it (`close`), mirrored from right to left. */
export function useSwipe(kind: 'open' | 'close', active: boolean, action: () => void): void {
  useEffect(() => {
    if (!active) return;
    let start: { x: number; y: number } | null = null;
    const mirrored = document.dir === 'rtl';
    const inward = (x: number) => (mirrored ? window.innerWidth - x : x);

    function onStart({ touches }: TouchEvent) {
      const touch = touches.length === 1 ? touches[0] : undefined;
      const isAtPlace = touch && (kind === 'close' || inward(touch.clientX) < EDGE_PX);
      start = isAtPlace ? { x: inward(touch.clientX), y: touch.clientY } : null;
    }
    function onMove({ touches }: TouchEvent) {
      const touch = touches[0];
      if (!start || !touch) return;
      const across = (inward(touch.clientX) - start.x) * (kind === 'open' ? 1 : -1);
      const along = Math.abs(touch.clientY - start.y);
      if (along > FAR_PX / 2) start = null;
      else if (across > FAR_PX) {
        start = null;
        action();
      }
    }
    window.addEventListener('touchstart', onStart, { passive: true });
    window.addEventListener('touchmove', onMove, { passive: true });
    return () => {
      window.removeEventListener('touchstart', onStart);
      window.removeEventListener('touchmove', onMove);
    };
  }, [kind, active, action]);
}
