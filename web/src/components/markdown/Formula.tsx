import { lazy, Suspense } from 'react';
import { keepTrying } from '../../keepTrying';

const Katex = lazy(() =>
  keepTrying(() => import('./Katex')).then((module) => ({ default: module.Katex })),
);

interface Props {
  tex: string;
  /** In display style: on lines of its own (`block`), or in a paragraph (`display`). */
  block?: boolean;
  display?: boolean;
}

/** A formula. Until the renderer is there (it is loaded for the first one) its source is shown. */
export function Formula({ tex, block = false, display = block }: Props) {
  return (
    <Suspense fallback={<FormulaSource tex={tex} block={block} />}>
      <Katex tex={tex} block={block} display={display} />
    </Suspense>
  );
}

/** The TeX source, for readers who know TeX. */
function FormulaSource({ tex, block = false }: Props) {
  return <code className={block ? 'block overflow-x-auto whitespace-pre-wrap' : undefined}>{tex}</code>;
}
