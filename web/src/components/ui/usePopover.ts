import { useEffect, useId, useRef, useState, type RefObject } from 'react';

/** Between the button and what it opens, and between that and the window's edges, in pixels. */
const GAP_PX = 6;
const EDGE_PX = 8;

export interface Popover {
  id: string;
  button: RefObject<HTMLButtonElement | null>;
  panel: RefObject<HTMLDivElement | null>;
  open: boolean;
  close(): void;
}

/** A native popover beside the button that opens it: above or below it, wherever there is room. */
export function usePopover(): Popover {
  const id = useId();
  const button = useRef<HTMLButtonElement>(null);
  const panel = useRef<HTMLDivElement>(null);
  const [open, setOpen] = useState(false);
  useEffect(() => {
    const element = panel.current;
    if (!element) return;
    const onToggle = (event: ToggleEvent) => {
      setOpen(event.newState === 'open');
      if (event.newState === 'open') requestAnimationFrame(() => place(element, button.current));
    };
    const grown = new ResizeObserver(() => place(element, button.current));
    grown.observe(element);
    element.addEventListener('toggle', onToggle);
    return () => {
      grown.disconnect();
      element.removeEventListener('toggle', onToggle);
    };
  }, []);
  return { id, button, panel, open, close: () => panel.current?.hidePopover() };
}

function place(panel: HTMLElement, button: HTMLElement | null): void {
  if (!button || !panel.matches(':popover-open')) return;
  const at = button.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = panel;
  const below = at.bottom + GAP_PX;
  const above = at.top - GAP_PX - height;
  const bottom = window.innerHeight - EDGE_PX - height;
  // Where it covers nothing but the thread, if there is such a place.
  const floor = button.closest('[role=log]')?.getBoundingClientRect().bottom ?? window.innerHeight;
  const fits = below + height <= floor || (above < EDGE_PX && below <= bottom);
  const top = fits ? below : Math.max(EDGE_PX, above);
  const left = Math.min(Math.max(EDGE_PX, at.left), window.innerWidth - width - EDGE_PX);
  panel.style.top = `${top}px`;
  panel.style.left = `${left}px`;
}
