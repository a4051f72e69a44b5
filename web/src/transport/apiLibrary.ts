/** The calls for what a person keeps to use again: prompts, and presets of settings. */
import type { Entry, Library, LibraryKind, Page } from '../protocol';

type Call = <T>(method: string, path: string, body?: unknown, signal?: AbortSignal) => Promise<T>;

/** What is written of an entry. */
export type EntryFields<Kind extends LibraryKind> = Omit<Library[Kind], keyof Entry | 'starter'> & { name: string };

export function libraryCalls(call: Call) {
  return {
    /** Oldest first. */
    entries: async <Kind extends LibraryKind>(kind: Kind, signal?: AbortSignal) =>
      (await call<Page<Library[Kind]>>('GET', `/api/${kind}/`, undefined, signal)).results,
    addEntry: <Kind extends LibraryKind>(kind: Kind, fields: EntryFields<Kind>) =>
      call<Library[Kind]>('POST', `/api/${kind}/`, fields),
    changeEntry: <Kind extends LibraryKind>(kind: Kind, id: string, fields: EntryFields<Kind>) =>
      call<Library[Kind]>('PATCH', `/api/${kind}/${id}/`, fields),
    deleteEntry: (kind: LibraryKind, id: string) => call<null>('DELETE', `/api/${kind}/${id}/`),
  };
}
