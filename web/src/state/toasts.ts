/** Notifications that stay for a few seconds, with an undo where there is one. */
import { create } from 'zustand';

/** How long a toast stays, in milliseconds; the time stands still while someone looks at it. */
export const TOAST_MS = 7_000;
const MOST = 2;

export interface Toast {
  id: number;
  text: string;
  undo?: (() => void) | undefined;
}

interface Toasts {
  toasts: Toast[];
}

export const useToasts = create<Toasts>()(() => ({ toasts: [] }));

const timers = new Map<number, { left: number; since: number; timer?: ReturnType<typeof setTimeout> }>();
let count = 0;
/** Who looks at them: the mouse, the focus. */
const holders = new Set<string>();

function run(id: number): void {
  const clock = timers.get(id);
  if (!clock || holders.size > 0 || clock.timer !== undefined) return;
  clock.since = Date.now();
  clock.timer = setTimeout(() => dismiss(id), clock.left);
}

export function toast(text: string, undo?: () => void): void {
  count += 1;
  const id = count;
  const { toasts } = useToasts.getState();
  for (const old of toasts.slice(0, Math.max(0, toasts.length - MOST + 1))) dismiss(old.id);
  timers.set(id, { left: TOAST_MS, since: 0 });
  useToasts.setState((state) => ({ toasts: [...state.toasts, { id, text, undo }] }));
  run(id);
}

export function dismiss(id: number): void {
  clearTimeout(timers.get(id)?.timer);
  timers.delete(id);
  useToasts.setState(({ toasts }) => ({ toasts: toasts.filter((shown) => shown.id !== id) }));
  if (timers.size === 0) holders.clear();
}

/** Undoes the action of the toast, once. */
export function undoToast({ id, undo }: Toast): void {
  dismiss(id);
  undo?.();
}

/** Undoes the newest toast that can be undone. False when there is none. */
export function undoLast(): boolean {
  const last = useToasts.getState().toasts.findLast(({ undo }) => undo);
  if (last) undoToast(last);
  return last !== undefined;
}

/** While the pointer or the focus is on them, no toast goes away. */
export function holdToasts(holder: 'pointer' | 'focus', hold: boolean): void {
  if (hold) holders.add(holder);
  else holders.delete(holder);
  for (const [id, clock] of timers) {
    if (holders.size === 0) run(id);
    else if (clock.timer !== undefined) {
      clearTimeout(clock.timer);
      delete clock.timer;
      clock.left = Math.max(0, clock.left - (Date.now() - clock.since));
    }
  }
}
