/** Before this distance it may be a tap or a scroll, in pixels. */
const UNDECIDED_PX = 8;
/** A swipe this far, or this fast (pixels per millisecond), closes. */
const FAR_PX = 96;
const FAST = 0.5;

/** Controls that are dragged themselves. */
const DRAGGED = 'input[type=range], textarea, select';

/**
 * A sheet under the finger: it follows down from its head, or from its content where that stands at
 * its beginning, and closes when the finger leaves it far or fast enough. Returns the way to stop.
 */
export function followSwipeDown(sheet: HTMLElement, onClose: () => void): () => void {
  let from: { x: number; y: number; at: number } | null = null;
  let moved = 0;

  function onStart({ touches, target }: TouchEvent): void {
    from = null;
    const touch = touches[0];
    if (touches.length !== 1 || !touch || !(target instanceof Element) || target.closest(DRAGGED)) return;
    for (let inner: Element | null = target; inner && inner !== sheet; inner = inner.parentElement) {
      if (inner.scrollTop > 0) return;
    }
    from = { x: touch.clientX, y: touch.clientY, at: performance.now() };
    moved = 0;
  }

  function onMove({ touches }: TouchEvent): void {
    const touch = touches[0];
    if (!from || !touch) return;
    const dx = touch.clientX - from.x;
    const dy = touch.clientY - from.y;
    if (moved === 0 && (dy < -UNDECIDED_PX || Math.abs(dx) > Math.max(UNDECIDED_PX, dy))) from = null;
    else if (moved > 0 || dy > UNDECIDED_PX) move(Math.max(1, dy));
  }

  function move(distance: number): void {
    moved = distance;
    sheet.style.translate = `0 ${distance}px`;
    sheet.style.transition = 'none';
  }

  function onEnd(): void {
    if (!from || moved === 0) return;
    const speed = moved / Math.max(1, performance.now() - from.at);
    from = null;
    sheet.style.transition = '';
    if (moved > FAR_PX || speed > FAST) onClose();
    else sheet.style.translate = '';
    moved = 0;
  }

  const abort = new AbortController();
  const options = { signal: abort.signal, passive: true };
  sheet.addEventListener('touchstart', onStart, options);
  sheet.addEventListener('touchmove', onMove, options);
  sheet.addEventListener('touchend', onEnd, options);
  sheet.addEventListener('touchcancel', onEnd, options);
  return () => abort.abort();
}
