/**
 * The address bar as a store (no router: there are two pages, and one id in the path), and the
 * last conversation, to which `/chat` goes back.
 */
import { readStored, writeStored } from '../stored';

const LAST = 'chat.last';
const ID = /^\/chat\/([0-9a-f]{8}-[0-9a-f-]{27})\/?$/i;

/** The conversation's id in a path like `/chat/<id>`; null at `/chat`. */
export function idInPath(path: string): string | null {
  return ID.exec(path)?.[1]?.toLowerCase() ?? null;
}

export function pathOf(id: string): string {
  return `/chat/${id}`;
}

export function readLast(): string | null {
  const last = readStored<unknown>(LAST);
  return typeof last === 'string' ? last : null;
}

/** Null forgets it. */
export function rememberLast(id: string | null): void {
  writeStored(LAST, id);
}

const listeners = new Set<() => void>();
let returnedTo: string | null = null;

function tell(): void {
  for (const listener of listeners) listener();
}

export const route = {
  path: (): string => location.pathname,
  subscribe(listener: () => void): () => void {
    if (listeners.size === 0) window.addEventListener('popstate', tell);
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0) window.removeEventListener('popstate', tell);
    };
  },
  push(path: string): void {
    history.pushState(null, '', path);
    tell();
  },
  replace(path: string): void {
    history.replaceState(null, '', path);
    tell();
  },
  /** From `/chat` to the last conversation, which may be gone: it was not asked for by its address. */
  goBackTo(id: string): void {
    returnedTo = pathOf(id);
    route.replace(returnedTo);
  },
  /** Are we where `goBackTo` brought us? */
  isReturn: (): boolean => location.pathname === returnedTo,
};
