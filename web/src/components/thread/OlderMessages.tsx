import { useEffect, useRef, useState, type RefObject } from 'react';
import { strings } from '../../strings';

/** Earlier messages are fetched when the reader is this close to the first one. */
const AHEAD = '800px 0px 0px 0px';

interface Props {
  /** Resolves to false when nothing came. */
  load(): Promise<boolean>;
  scroller: RefObject<HTMLElement | null>;
}

/** Stands above the first message while there are earlier ones, and fetches them in time. */
export function OlderMessages({ load, scroller }: Props) {
  const [loading, setLoading] = useState(false);
  /** It has failed: the next try is the reader's. */
  const [failed, setFailed] = useState(false);
  const place = useRef<HTMLDivElement>(null);
  const fetching = useRef(false);

  async function fetchOlder() {
    if (fetching.current) return;
    fetching.current = true;
    setLoading(true);
    const came = await load();
    setFailed(!came);
    fetching.current = false;
    setLoading(false);
  }

  useEffect(() => {
    if (!place.current || loading || failed) return;
    const seen = new IntersectionObserver(([entry]) => entry?.isIntersecting && void fetchOlder(), {
      root: scroller.current,
      rootMargin: AHEAD,
    });
    seen.observe(place.current);
    return () => seen.disconnect();
  });

  return (
    <div ref={place} className="flex print:hidden h-11 items-center justify-center text-sm text-ink-muted">
      {loading ? (
        <span className="animate-breathe">{strings.thread.older}</span>
      ) : (
        <button type="button" className="button button-quiet" onClick={() => void fetchOlder()}>
          {strings.thread.loadOlder}
        </button>
      )}
    </div>
  );
}
