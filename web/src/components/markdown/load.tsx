import { use, useSyncExternalStore } from 'react';
import { Literal } from '../ui/Literal';
import { PlainText } from './plain';

type Module = typeof import('./Markdown');

/** Between a download that failed and the next one (ms). */
const PAUSE_MS = 2_000;

let module: Promise<Module> | undefined;
let settled: Promise<void> | undefined;
/** It came after all. */
let late = false;
const listeners = new Set<() => void>();

/**
 * Begins to load the markdown renderer (once). A download that failed is tried again until it is
 * there, and a failure until then: React renders what has failed anew, and has to find the same.
 */
export function loadMarkdown(): Promise<Module> {
  module ??= import('./Markdown').catch((error: unknown) => {
    setTimeout(tryAgain, PAUSE_MS);
    throw error;
  });
  return module;
}

function tryAgain(): void {
  const came = (loaded: Module) => {
    module = Promise.resolve(loaded);
    late = true;
    for (const listener of listeners) listener();
  };
  import('./Markdown').then(came, () => setTimeout(tryAgain, PAUSE_MS));
}

/** Resolves when the renderer has loaded, or its first download has failed. */
export function markdownSettled(): Promise<void> {
  settled ??= loadMarkdown().then(nothing, nothing);
  return settled;
}

function nothing(): void {}

/** Turns true when the renderer has come after a failure: what could not be laid out now can be. */
export function useLateMarkdown(): boolean {
  return useSyncExternalStore(subscribe, () => late);
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Markdown that suspends until its renderer is there, and not for a moment when it already is. */
export function LazyMarkdown(props: { text: string; streaming: boolean }) {
  if (use(PlainText)) {
    return (
      <p className="break-words whitespace-pre-wrap" dir="auto" data-said>
        <Literal text={props.text} />
      </p>
    );
  }
  const { Markdown } = use(loadMarkdown());
  return <Markdown {...props} />;
}
