/** The modal dialog over all others: the browser makes everything beside it inert, toasts too. */
import { create } from 'zustand';

const useDialogs = create<{ open: readonly HTMLElement[] }>()(() => ({ open: [] }));

/** Tells that this dialog lies over all others now, until the returned function is called. */
export function overAll(dialog: HTMLElement): () => void {
  useDialogs.setState(({ open }) => ({ open: [...open, dialog] }));
  return () => useDialogs.setState(({ open }) => ({ open: open.filter((other) => other !== dialog) }));
}

export function useTopDialog(): HTMLElement | undefined {
  return useDialogs(({ open }) => open.at(-1));
}
