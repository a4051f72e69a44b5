import { useCallback, useLayoutEffect, useRef, useState, type RefObject } from 'react';
import { keepPlace, returnToPlace } from './placeKept';

/** Closer to the end than this counts as being there, in pixels. */
const NEAR_PX = 60;
/** Farther from the end than this, the way back is offered. Between the two nothing changes. */
const FAR_PX = 200;

/** A scroll this soon after the focus moved into the thread brought the focused thing into view. */
const FOCUS_SCROLL_MS = 200;

/** Above a question that has been lifted to the top. */
const ABOVE_PX = 24;
/** The same below a note that floats above the thread, and would cover it. */
const BELOW_NOTE_PX = 72;

const UPWARD_KEYS = new Set(['ArrowUp', 'PageUp', 'Home']);

export interface StickToEnd {
  scroller: RefObject<HTMLDivElement | null>;
  content: RefObject<HTMLDivElement | null>;
  /** Free space below the last message. */
  room: RefObject<HTMLDivElement | null>;
  /** The reader is far from the end. */
  away: boolean;
  /**
   * Goes to the end and stays there while the content grows. With a question, the end is where that
   * is at the top: the reply grows into free space, and the thread does not move before that is full.
   */
  pin(question?: HTMLElement): void;
}

/**
 * Keeps a growing thread at its end until the reader scrolls up, and never pulls a reader back.
 *
 * The reader's intent is read from what the reader does (wheel, keys, touch, the scroll bar), and from
 * a scroll upwards that the page did not make: find-in-page and screen readers scroll, too. A position
 * also changes when text reflows; then the thread is as much shorter, and still at its end.
 */
export function useStickToEnd(): StickToEnd {
  const scroller = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const room = useRef<HTMLDivElement>(null);
  const lifted = useRef<HTMLElement>(null);
  const pinned = useRef(true);
  const [away, setAway] = useState(false);

  const makeRoom = useCallback(() => {
    const row = lifted.current;
    if (!row?.isConnected || !scroller.current || !content.current || !room.current) return;
    const below = content.current.getBoundingClientRect().bottom - row.getBoundingClientRect().top;
    const above = document.querySelector('main [data-note]') ? BELOW_NOTE_PX : ABOVE_PX;
    room.current.style.height = `${Math.max(0, scroller.current.clientHeight - above - below)}px`;
  }, []);

  const pin = useCallback(
    (question?: HTMLElement) => {
      pinned.current = true;
      if (question) lifted.current = question;
      setAway(false);
      makeRoom();
      toEnd(scroller.current);
    },
    [makeRoom],
  );

  useLayoutEffect(() => {
    const box = scroller.current;
    const inner = content.current;
    if (!box || !inner) return;
    pinned.current = !returnToPlace(box);
    if (pinned.current) toEnd(box);
    const unpin = () => {
      pinned.current = false;
    };
    const grown = new ResizeObserver(() => {
      makeRoom();
      if (pinned.current) toEnd(box);
      else setAway((before) => isAway(box, before));
    });
    grown.observe(inner);
    grown.observe(box);
    const stop = watchReader(box, unpin, (movedDown) => {
      if (movedDown && distance(box) < NEAR_PX) pinned.current = true;
      setAway((before) => !pinned.current && isAway(box, before));
    });
    const leave = () => keepPlace(pinned.current ? null : box);
    window.addEventListener('pagehide', leave);
    return () => {
      window.removeEventListener('pagehide', leave);
      grown.disconnect();
      stop();
    };
  }, [makeRoom]);

  return { scroller, content, room, away, pin };
}

/** Calls `unpin` when the reader turns upwards and `moved` after every scroll; returns the undo. */
function watchReader(box: HTMLElement, unpin: () => void, moved: (down: boolean) => void): () => void {
  const abort = new AbortController();
  const options = { passive: true, signal: abort.signal };
  let lastTop = box.scrollTop;
  let lastHeight = box.scrollHeight;
  let touchY = 0;
  let dragging = false;
  let focusedAt = -Infinity;
  box.addEventListener('wheel', (event) => event.deltaY < 0 && unpin(), options);
  // A change in the middle of the thread keeps that place in view, not the end.
  box.addEventListener(
    'click',
    (event) => event.target instanceof Element && event.target.closest('[data-keeps-place]') && unpin(),
    options,
  );
  box.addEventListener('keydown', (event) => UPWARD_KEYS.has(event.key) && unpin(), options);
  box.addEventListener('touchstart', (event) => (touchY = event.touches[0]?.clientY ?? 0), options);
  box.addEventListener(
    'touchmove',
    (event) => {
      const y = event.touches[0]?.clientY ?? touchY;
      if (y > touchY + 2) unpin();
      touchY = y;
    },
    options,
  );
  // The scroll bar, or text being selected.
  box.addEventListener(
    'pointerdown',
    () => {
      dragging = true;
      // The focus ring is for those who came by keyboard.
      box.dataset.pointed = '';
    },
    options,
  );
  box.addEventListener('blur', () => delete box.dataset.pointed, options);
  window.addEventListener('pointerup', () => (dragging = false), options);
  box.addEventListener('focusin', (event) => (focusedAt = event.timeStamp), options);
  box.addEventListener(
    'scroll',
    (event) => {
      const down = box.scrollTop > lastTop;
      const byReader = dragging || event.timeStamp - focusedAt < FOCUS_SCROLL_MS;
      const grown = Math.max(0, box.scrollHeight - lastHeight);
      const byOthers = box.scrollHeight >= lastHeight && distance(box) > grown + NEAR_PX;
      if ((byReader || byOthers) && box.scrollTop < lastTop) unpin();
      lastTop = box.scrollTop;
      lastHeight = box.scrollHeight;
      moved(down);
    },
    options,
  );
  return () => abort.abort();
}

function distance(box: HTMLElement): number {
  return box.scrollHeight - box.clientHeight - box.scrollTop;
}

function isAway(box: HTMLElement, before: boolean): boolean {
  const gap = distance(box);
  return before ? gap >= NEAR_PX : gap > FAR_PX;
}

function toEnd(box: HTMLElement | null): void {
  if (box) box.scrollTop = box.scrollHeight;
}
