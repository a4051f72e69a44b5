/** The browser's store, which may be full, switched off, or hold what an older page wrote. */

/** Undefined when there is nothing, or nothing that can be read. */
export function readStored<T>(name: string): T | undefined {
  try {
    const text = localStorage.getItem(name);
    return text === null ? undefined : (JSON.parse(text) as T);
  } catch {
    return undefined;
  }
}

/** Null forgets. Does nothing when the browser keeps nothing. */
export function writeStored(name: string, value: unknown): void {
  try {
    if (value === null) localStorage.removeItem(name);
    else localStorage.setItem(name, JSON.stringify(value));
  } catch {
    // A page that stores nothing is better than one that does not work.
  }
}

/** Keeps a value for the next page of this tab. */
export function keepForTab(name: string, value: unknown): void {
  try {
    sessionStorage.setItem(name, JSON.stringify(value));
  } catch {
    // As above.
  }
}

/** What the page before left for this one, once. */
export function takeFromTab<T>(name: string): T | undefined {
  try {
    const text = sessionStorage.getItem(name);
    sessionStorage.removeItem(name);
    return text === null ? undefined : (JSON.parse(text) as T);
  } catch {
    return undefined;
  }
}
