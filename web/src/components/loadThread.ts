import { keepTrying } from '../keepTrying';

/** The thread brings the AI SDK along; the frame of the page does not wait for it. */
type Module = typeof import('./Thread');

let module: Promise<Module> | undefined;

/** Begins to load it (once). */
export function loadThread(): Promise<Module> {
  module ??= keepTrying(() => import('./Thread'));
  return module;
}
