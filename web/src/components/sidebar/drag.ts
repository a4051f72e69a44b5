/**
 * The drawer under the finger: a swipe from the edge of the screen pulls it in, one on it pushes
 * it out, and when the finger leaves, it goes where it was heading. Not by React: it moves with
 * every event.
 */
import { closeDrawer, useFrame } from '../../state/frame';

/** Where a swipe that opens has to begin, in pixels from the edge. */
const EDGE_PX = 40;
/** Before this distance it may be a swipe or a scroll. */
const UNDECIDED_PX = 8;
/** A swipe this fast completes, in pixels per millisecond. */
const FAST = 0.4;
const SETTLE_MS = 180;

interface Swipe {
  x: number;
  y: number;
  at: number;
  /** The drawer was open when it began. */
  open: boolean;
  moving: boolean;
  /** How far it has come, in pixels; positive opens. */
  dx: number;
}

let swipe: Swipe | null = null;
let settling: ReturnType<typeof setTimeout> | undefined;

/** The drawer follows the finger, and must not play its opening animation. */
export function isDragged(): boolean {
  return swipe?.moving === true;
}

/** Listens for swipes. Returns the way to stop. */
export function listenForSwipes(): () => void {
  const abort = new AbortController();
  const { signal } = abort;
  window.addEventListener('pointerdown', onDown, { signal });
  window.addEventListener('pointermove', onMove, { signal });
  window.addEventListener('pointerup', () => onEnd(false), { signal });
  window.addEventListener('pointercancel', () => onEnd(true), { signal });
  return () => {
    abort.abort();
    swipe = null;
  };
}

/** From the edge at which the drawer is. */
function inward(x: number): number {
  return document.dir === 'rtl' ? window.innerWidth - x : x;
}

function onDown(event: PointerEvent): void {
  swipe = null;
  if (event.pointerType === 'mouse' || !event.isPrimary) return;
  const open = useFrame.getState().drawer;
  const x = inward(event.clientX);
  const otherDialog = document.querySelector('dialog[open]:not(.drawer)');
  if (otherDialog || (!open && x > EDGE_PX)) return;
  swipe = { x, y: event.clientY, at: event.timeStamp, open, moving: false, dx: 0 };
}

function onMove(event: PointerEvent): void {
  if (!swipe || !event.isPrimary) return;
  swipe.dx = inward(event.clientX) - swipe.x;
  if (!swipe.moving && !begins(swipe, Math.abs(event.clientY - swipe.y))) return;
  const panel = drawer();
  if (panel) place(panel, shownShare(panel, swipe));
}

/** Decides what it is; then takes the drawer along. */
function begins(now: Swipe, along: number): boolean {
  const across = Math.abs(now.dx);
  if (Math.max(across, along) < UNDECIDED_PX) return false;
  if (along > across || now.dx > 0 === now.open) {
    swipe = null;
    return false;
  }
  now.moving = true;
  // Caught on its way.
  clearTimeout(settling);
  drawer()?.classList.remove('settles');
  if (!now.open) useFrame.setState({ drawer: true });
  return true;
}

function onEnd(cancelled: boolean): void {
  const ended = swipe;
  swipe = null;
  const panel = drawer();
  if (!ended?.moving || !panel) return;
  const share = shownShare(panel, ended);
  const speed = ended.dx / Math.max(1, performance.now() - ended.at);
  const opens = cancelled ? ended.open : Math.abs(speed) > FAST ? speed > 0 : share > 0.5;
  settle(panel, opens);
}

function settle(panel: HTMLElement, opens: boolean): void {
  const done = () => {
    // Without this it would slide in as if a button had opened it.
    panel.style.animation = 'none';
    panel.classList.remove('dragged', 'settles');
    panel.style.removeProperty('--shown');
    if (!opens) closeDrawer();
  };
  const calm = window.matchMedia('(prefers-reduced-motion: reduce)').matches;
  panel.classList.add('settles');
  place(panel, opens ? 1 : 0);
  // A transition without a change fires no event.
  if (calm) done();
  else settling = setTimeout(done, SETTLE_MS);
}

function drawer(): HTMLElement | null {
  return document.querySelector<HTMLElement>('dialog.drawer[open]');
}

/** 0 when it is out of sight, 1 when it is all there. */
function shownShare(panel: HTMLElement, { open, dx }: Swipe): number {
  const share = dx / panel.offsetWidth + (open ? 1 : 0);
  return Math.min(1, Math.max(0, share));
}

function place(panel: HTMLElement, share: number): void {
  panel.classList.add('dragged');
  panel.style.setProperty('--shown', String(share));
}
