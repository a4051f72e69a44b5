/** Between the anchor and what it opens, and between that and the window's edges, in pixels. */
const GAP_PX = 6;
const EDGE_PX = 8;

/** Puts an open popover above or below its anchor, wherever there is room, and never over the window's edge. */
export function placeBeside(popover: HTMLElement, anchor: HTMLElement): void {
  const at = anchor.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = popover;
  const below = at.bottom + GAP_PX;
  const above = at.top - GAP_PX - height;
  const fits = below + height + EDGE_PX <= window.innerHeight;
  const top = fits ? below : Math.max(EDGE_PX, above);
  const start = getComputedStyle(anchor).direction === 'rtl' ? at.right - width : at.left;
  const left = Math.min(Math.max(EDGE_PX, start), window.innerWidth - width - EDGE_PX);
  popover.style.top = `${top}px`;
  popover.style.left = `${left}px`;
}
