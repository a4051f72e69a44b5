/** What a person keeps to use again: prompts, and presets of settings. */
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useCallback, useMemo } from 'react';
import type { Library, LibraryKind } from '../protocol';
import { shouldRetry } from '../state/queries';
import { strings } from '../strings';
import { api } from '../transport/api';
import type { EntryFields } from '../transport/apiLibrary';

/** What everybody begins with, by the server's names, in the order of their texts. */
const STARTERS = ['explain', 'code', 'shorten', 'compare'];

export interface LibraryHandle<Kind extends LibraryKind> {
  /** Oldest first; undefined before they are known. */
  entries: Library[Kind][] | undefined;
  failed: boolean;
  /** With an id it changes that entry, else it adds one. Rejects with an ApiError. */
  save(fields: EntryFields<Kind>, id?: string): Promise<void>;
  remove(id: string): Promise<void>;
}

export function useLibrary<Kind extends LibraryKind>(kind: Kind, enabled = true): LibraryHandle<Kind> {
  const client = useQueryClient();
  const key = useMemo(() => ['library', kind], [kind]);
  const { data, isError } = useQuery({
    queryKey: key,
    queryFn: ({ signal }) => api.entries(kind, signal),
    enabled,
    networkMode: 'always',
    retry: shouldRetry,
    staleTime: Infinity,
    refetchOnReconnect: false,
  });
  const change = useCallback(
    (edit: (known: Library[Kind][]) => Library[Kind][]) =>
      client.setQueryData<Library[Kind][]>(key, (known) => known && edit(known)),
    [client, key],
  );
  const entries = useMemo(() => data?.map((entry) => ({ ...entry, ...starterWords(entry) })), [data]);
  return {
    entries,
    failed: isError,
    save: async (fields, id) => {
      const saved = await (id ? api.changeEntry(kind, id, fields) : api.addEntry(kind, fields));
      change((known) => (id ? known.map((entry) => (entry.id === id ? saved : entry)) : [...known, saved]));
    },
    remove: async (id) => {
      await api.deleteEntry(kind, id);
      change((known) => known.filter((entry) => entry.id !== id));
    },
  };
}

/** The server tells the starters in English, until somebody changes them: here they are in the person's language. */
function starterWords(entry: object): { name: string; text: string } | undefined {
  return 'starter' in entry ? strings.empty.prompts[STARTERS.indexOf(String(entry.starter))] : undefined;
}
