import { TextQuote } from 'lucide-react';
import { useEffect, useState } from 'react';
import { strings } from '../../strings';

/** A longer selection is no quote. */
const LONGEST = 4_000;

interface Place {
  text: string;
  top: number;
  left: number;
}

/** Beside a selection in the thread: puts it into the message box, as a quote. */
export function QuoteButton({ onQuote }: { onQuote(quote: string): void }) {
  const [place, setPlace] = useState<Place | null>(null);
  useEffect(() => {
    const ends = new AbortController();
    const { signal } = ends;
    let pressed = false;
    let frame = 0;
    const hide = () => setPlace(null);
    const look = () => {
      cancelAnimationFrame(frame);
      frame = requestAnimationFrame(() => setPlace(selectedPlace()));
    };
    const press = (down: boolean) => () => {
      pressed = down;
      if (!down) look();
    };
    document.addEventListener('pointerdown', press(true), { signal });
    document.addEventListener('pointerup', press(false), { signal });
    document.addEventListener('pointercancel', press(false), { signal });
    // While it is being made, a selection changes with every pixel; it may also be told late.
    document.addEventListener('selectionchange', () => (pressed ? hide() : look()), { signal });
    document.addEventListener('scroll', hide, { capture: true, passive: true, signal });
    return () => {
      cancelAnimationFrame(frame);
      ends.abort();
    };
  }, []);
  if (!place) return null;
  return (
    <button
      type="button"
      className="fixed z-20 inline-flex h-9 -translate-x-1/2 items-center gap-1.5 rounded-full border border-line bg-surface px-3 text-sm font-medium shadow-float hover:bg-sunken pointer-coarse:h-11"
      style={{ top: place.top, left: place.left }}
      // The selection stays.
      onPointerDown={(event) => event.preventDefault()}
      onClick={() => {
        setPlace(null);
        document.getSelection()?.removeAllRanges();
        onQuote(place.text.replaceAll(/^/gm, '> '));
      }}
    >
      <TextQuote className="size-4" aria-hidden />
      {strings.thread.quote}
    </button>
  );
}

/** What is selected in a message, and where its end is; null when there is nothing. */
function selectedPlace(): Place | null {
  const selection = document.getSelection();
  if (!selection || selection.isCollapsed || selection.rangeCount === 0) return null;
  const range = selection.getRangeAt(0);
  const message = range.commonAncestorContainer.parentElement?.closest('[role=log] article');
  const text = selection.toString().trim();
  if (!message || text === '' || text.length > LONGEST) return null;
  const last = [...range.getClientRects()].at(-1);
  if (!last) return null;
  const below = last.bottom + 8;
  return { text, top: below + 48 > innerHeight ? last.top - 44 : below, left: Math.min(innerWidth - 56, Math.max(56, last.right)) };
}
