/** What a person keeps to use again: prompts, and presets of settings. */
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useCallback, useMemo } from 'react';
import type { Library, LibraryKind } from '../protocol';
import { shouldRetry } from '../state/queries';
import { strings } from '../strings';
import { api, ApiError } from '../transport/api';
import type { EntryFields } from '../transport/apiLibrary';

/** Read anew when it is opened, once it is older than this: another tab may have changed it. */
const RECENT_MS = 2000;
/** What everybody begins with, by the server's names, in the order of their texts. */
const STARTERS = ['explain', 'code', 'shorten', 'compare'];

export interface LibraryHandle<Kind extends LibraryKind> {
  /** Oldest first; undefined before they are known. */
  entries: Library[Kind][] | undefined;
  failed: boolean;
  /** With an id it changes that entry, else it adds one, also where it is gone. Rejects with an ApiError. */
  save(fields: EntryFields<Kind>, id?: string): Promise<void>;
  /** One that is gone already counts as removed. */
  remove(id: string): Promise<void>;
}

/** @param open whether it is shown; without it, what is known is shown as long as the page lives */
export function useLibrary<Kind extends LibraryKind>(kind: Kind, open?: boolean): LibraryHandle<Kind> {
  const client = useQueryClient();
  const key = useMemo(() => ['library', kind], [kind]);
  const { data, isLoadingError } = useQuery({
    queryKey: key,
    queryFn: ({ signal }) => api.entries(kind, signal),
    enabled: open ?? true,
    networkMode: 'always',
    retry: shouldRetry,
    staleTime: open === undefined ? Infinity : RECENT_MS,
    refetchOnReconnect: false,
    refetchOnWindowFocus: false,
  });
  const change = useCallback(
    (edit: (known: Library[Kind][]) => Library[Kind][]) =>
      client.setQueryData<Library[Kind][]>(key, (known) => known && edit(known)),
    [client, key],
  );
  const entries = useMemo(() => data?.map((entry) => ({ ...entry, ...starterWords(entry) })), [data]);
  return {
    entries,
    failed: isLoadingError,
    save: async (fields, id) => {
      const changed = id ? await unlessGone(api.changeEntry(kind, id, fields)) : null;
      if (changed) {
        change((known) => known.map((entry) => (entry.id === id ? changed : entry)));
        return;
      }
      const added = await api.addEntry(kind, fields);
      change((known) => [...known.filter((entry) => entry.id !== id), added]);
    },
    remove: async (id) => {
      await unlessGone(api.deleteEntry(kind, id));
      change((known) => known.filter((entry) => entry.id !== id));
    },
  };
}

/** What was answered; null where the entry was deleted elsewhere, in another tab for example. */
async function unlessGone<Answer>(answer: Promise<Answer>): Promise<Answer | null> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof ApiError && error.status === 404 && error.ours) return null;
    throw error;
  }
}

/** The server tells the starters in English, until somebody changes them: here they are in the person's language. */
function starterWords(entry: object): { name: string; text: string } | undefined {
  return 'starter' in entry ? strings.empty.prompts[STARTERS.indexOf(String(entry.starter))] : undefined;
}
