import 'katex/dist/katex.min.css';
import { useLayoutEffect, useRef } from 'react';
import { strings } from '../../strings';
import { withoutHeaps } from '../ui/heaps';
import { Scrolls } from './Scrolls';
import { setFormula } from './setFormula';
import { inTurn } from './turns';

/** What even the shortest formula costs, in characters. */
const EACH = 40;

/** A formula; its source where it cannot be set. It cannot draw outside of its box. */
export function Katex({ tex, block, display }: { tex: string; block: boolean; display: boolean }) {
  const place = useRef<HTMLSpanElement>(null);
  useLayoutEffect(
    () =>
      inTurn(EACH + tex.length, () => {
        if (!place.current || setFormula(tex, place.current, display)) return;
        place.current.textContent = withoutHeaps(tex);
        place.current.classList.add('formula-source');
      }),
    [tex, display],
  );
  if (!block) return <span ref={place} className="formula" dir="ltr" />;
  return (
    <Scrolls label={strings.markdown.formula} className="formula-block overflow-y-hidden py-1" dir="ltr">
      <span ref={place} />
    </Scrolls>
  );
}
