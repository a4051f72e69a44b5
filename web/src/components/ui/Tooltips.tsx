import { useEffect, useLayoutEffect, useRef, useState } from 'react';
import { keyName, SHORTCUTS } from '../../state/shortcuts';
import type { CommandName } from '../../state/commands';

/** How long the pointer rests before the first tip shows, in milliseconds; the next ones show at once. */
const DELAY_MS = 120;
/** So long (ms) after one has gone, the next one shows at once. */
const WARM_MS = 400;
const GAP_PX = 6;
const EDGE_PX = 6;

/** Attributes that give an element a tip, with the keys of a command. */
export function tip(text: string, command?: CommandName) {
  const keys = command && SHORTCUTS.find((shortcut) => shortcut.command === command)?.keys;
  return { 'data-tip': text, ...(keys ? { 'data-tip-keys': keys.map(keyName).join(' ') } : {}) };
}

/**
 * The names of what shows only a picture (`tip`), on hover and on keyboard focus. One for the page;
 * screen readers have the names already.
 */
export function Tooltips() {
  const [target, setTarget] = useState<HTMLElement | null>(null);
  const bubble = useRef<HTMLDivElement>(null);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let hiddenAt = -Infinity;
    let shown = false;
    /** What was pressed says nothing more until the pointer has left it: something may have opened beside it. */
    let pressed: HTMLElement | null = null;
    function show(element: HTMLElement, delay: number) {
      clearTimeout(timer);
      timer = setTimeout(() => {
        shown = true;
        setTarget(element);
      }, delay);
    }
    function hide() {
      clearTimeout(timer);
      if (shown) hiddenAt = performance.now();
      shown = false;
      setTarget(null);
    }
    function onOver(event: PointerEvent) {
      if (event.pointerType === 'touch') return;
      const element = tipped(event.target);
      if (element === pressed && element) return;
      pressed = null;
      if (!element) hide();
      else show(element, shown || performance.now() - hiddenAt < WARM_MS ? 0 : DELAY_MS);
    }
    function onFocus(event: FocusEvent) {
      const element = tipped(event.target);
      if (element?.matches(':focus-visible')) show(element, DELAY_MS);
      else hide();
    }
    const abort = new AbortController();
    const options = { signal: abort.signal, passive: true };
    document.addEventListener('pointerover', onOver, options);
    document.addEventListener('focusin', onFocus, options);
    document.addEventListener('pointerdown', (event) => void (pressed = tipped(event.target)), { ...options, capture: true });
    for (const name of ['pointerdown', 'keydown', 'focusout', 'pointerleave', 'scroll'] as const) {
      document.addEventListener(name, hide, { ...options, capture: true });
    }
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, []);

  const text = target?.dataset['tip'];
  useLayoutEffect(() => {
    const element = bubble.current;
    if (!element || !target?.isConnected) return;
    element.showPopover?.();
    const at = target.getBoundingClientRect();
    const below = at.bottom + GAP_PX + element.offsetHeight < window.innerHeight;
    const middle = at.left + at.width / 2 - element.offsetWidth / 2;
    const most = window.innerWidth - element.offsetWidth - EDGE_PX;
    element.style.top = `${below ? at.bottom + GAP_PX : at.top - GAP_PX - element.offsetHeight}px`;
    element.style.left = `${Math.max(EDGE_PX, Math.min(middle, most))}px`;
  }, [target]);

  if (!text) return null;
  return (
    <div
      ref={bubble}
      popover="manual"
      aria-hidden
      className="pointer-events-none fixed inset-auto m-0 flex max-w-72 items-center gap-2 rounded-control border-0 bg-ink px-2.5 py-1.5 text-xs font-medium break-words text-canvas shadow-float print:hidden"
    >
      <span className="min-w-0 [overflow-wrap:anywhere]">{text}</span>
      {target?.dataset['tipKeys'] && <span className="shrink-0 font-normal opacity-75">{target.dataset['tipKeys']}</span>}
    </div>
  );
}

function tipped(target: EventTarget | null): HTMLElement | null {
  return target instanceof Element ? target.closest<HTMLElement>('[data-tip]') : null;
}
