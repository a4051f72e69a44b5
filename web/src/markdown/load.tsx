import { use } from 'react';

type Module = typeof import('./Markdown');

let module: Promise<Module> | undefined;

/** How long a failed download is a failure (ms), before it is tried again. */
const FAILED_MS = 5_000;

/**
 * Begins to load the markdown renderer (once). After a failed download a later call tries again;
 * at once would be wrong: React renders what has failed anew, and has to find the same failure.
 */
export function loadMarkdown(): Promise<Module> {
  module ??= import('./Markdown').catch((error: unknown) => {
    setTimeout(() => {
      module = undefined;
    }, FAILED_MS);
    throw error;
  });
  return module;
}

/** Markdown that suspends until its renderer is there, and not for a moment when it already is. */
export function LazyMarkdown(props: { text: string; streaming: boolean }) {
  const { Markdown } = use(loadMarkdown());
  return <Markdown {...props} />;
}
