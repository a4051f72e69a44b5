import { use } from 'react';

type Module = typeof import('./Markdown');

let module: Promise<Module> | undefined;

/** Begins to load the markdown renderer (once); after a failed download the next call tries again. */
export function loadMarkdown(): Promise<Module> {
  module ??= import('./Markdown').catch((error: unknown) => {
    module = undefined;
    throw error;
  });
  return module;
}

/** Markdown that suspends until its renderer is there, and not for a moment when it already is. */
export function LazyMarkdown(props: { text: string; streaming: boolean }) {
  const { Markdown } = use(loadMarkdown());
  return <Markdown {...props} />;
}
