import { render } from 'katex';
import 'katex/dist/katex.min.css';
import { useLayoutEffect, useRef } from 'react';
import { strings } from '../../strings';

// Formulas come from models: no links, no colors of its own for errors, and nothing endless.
const LIMITS = { trust: false, strict: false, throwOnError: true, maxExpand: 500, maxSize: 40 } as const;

/** Sets a formula with KaTeX, which builds elements (no markup, so the strict policy holds). */
export function Katex({ tex, block, display }: { tex: string; block: boolean; display: boolean }) {
  const place = useRef<HTMLSpanElement>(null);
  useLayoutEffect(() => {
    if (!place.current) return;
    try {
      render(tex, place.current, { ...LIMITS, displayMode: display });
    } catch {
      // It cannot be set: its source is better than nothing.
      place.current.textContent = tex;
    }
  }, [tex, display]);
  if (!block) return <span ref={place} dir="ltr" />;
  return (
    <div
      className="scroll-quiet overflow-x-auto overflow-y-hidden py-1"
      role="group"
      aria-label={strings.markdown.formula}
      // A region that scrolls must be reachable by keyboard.
      tabIndex={0}
      dir="ltr"
    >
      <span ref={place} />
    </div>
  );
}
