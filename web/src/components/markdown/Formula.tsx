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

/** A formula. The renderer is loaded for the first one; until then its place is held. */
export function Formula({ tex, block = false, display = block }: Props) {
  return (
    <Suspense fallback={block ? <FormulaToCome /> : <InlineFormulaToCome length={tex.length} />}>
      <Katex tex={tex} block={block} display={display} />
    </Suspense>
  );
}

/** Holds the place of a block formula that is still being written, or whose renderer is not there yet. */
export function FormulaToCome() {
  return <div className="h-12 animate-shimmer rounded-control bg-sunken" />;
}

function InlineFormulaToCome({ length }: { length: number }) {
  const width = length > 12 ? 'w-20' : length > 3 ? 'w-10' : 'w-3';
  return <span className={`inline-block h-4 max-w-full animate-shimmer rounded-sm bg-sunken align-[-0.15em] ${width}`} />;
}
