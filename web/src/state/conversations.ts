/** The conversations of the sidebar: reading them, changing them, keeping them as they happen. */
import { infiniteQueryOptions, type QueryClient } from '@tanstack/react-query';
import { api } from '../transport/api';
import type { Conversation, ConversationChanges, FoundConversation, Page } from '../protocol';
import { listOf, place, renew, without, type ListName, type Pages } from './conversationList';
import { conversationKey, shouldRetry } from './queries';

const LISTS = ['pinned', 'recent', 'archived'] as const;
const QUERY: Record<ListName, string> = {
  pinned: 'pinned=true&limit=200',
  recent: 'pinned=false&empty=false&limit=50',
  archived: 'archived=true&limit=50',
};

export const listKey = (name: ListName) => ['conversations', name] as const;
const searchKey = (query: string) => ['conversations', 'search', query] as const;

const options = {
  networkMode: 'always',
  retry: shouldRetry,
  refetchOnReconnect: false,
  refetchOnWindowFocus: false,
  initialPageParam: '',
  // The address of the next page, of which only the query matters.
  getNextPageParam: ({ next }: Page<FoundConversation>) => next?.split('?')[1],
} as const;

export function listQuery(name: ListName) {
  return infiniteQueryOptions({
    ...options,
    queryKey: listKey(name),
    staleTime: Infinity,
    queryFn: async ({ pageParam, signal }) => {
      const reading = nextReading();
      const page = await api.conversations(pageParam || QUERY[name], signal);
      return asChanged(name, page, reading);
    },
  });
}

/** The results for `query`: words in titles and messages. They stay fresh for a minute. */
export function searchQuery(query: string) {
  return infiniteQueryOptions({
    ...options,
    queryKey: searchKey(query),
    staleTime: 60_000,
    gcTime: 60_000,
    enabled: query !== '',
    queryFn: ({ pageParam, signal }) =>
      api.conversations(pageParam || `limit=30&search=${encodeURIComponent(query)}`, signal),
  });
}

/**
 * What this page has shown (null: hidden) last of each conversation, and how many readings of lists
 * had begun by then: a response must not undo changes made while it was on its way.
 */
const lastShown = new Map<string, { row: Conversation | null; readings: number }>();
let readings = 0;

function nextReading(): number {
  readings += 1;
  return readings;
}

/** The pages read, with the changes shown since the request began. */
function asChanged(
  name: ListName,
  page: Page<FoundConversation>,
  reading: number,
): Page<FoundConversation> {
  let data: Pages = { pages: [page], pageParams: [''] };
  for (const [id, { row, readings: begun }] of lastShown) {
    if (begun < reading) continue;
    data = row && listOf(row) === name ? place(data, row) : without(data, id);
  }
  return data.pages[0] ?? page;
}

function change(client: QueryClient, name: ListName, edit: (data: Pages) => Pages): void {
  client.setQueryData<Pages>(listKey(name), (data) => data && edit(data));
}

/** Shows it as it is now, in the list where it belongs; a temporary one belongs to none. */
export function show(client: QueryClient, row: Conversation): void {
  if (row.temporary) return;
  const home = listOf(row);
  lastShown.set(row.id, { row, readings });
  for (const name of LISTS) {
    change(client, name, (data) => (name === home ? place(data, row) : without(data, row.id)));
  }
  client.setQueriesData<Pages>({ queryKey: ['conversations', 'search'] }, (data) =>
    data ? renamed(data, row) : data,
  );
}

function renamed(data: Pages, row: Conversation): Pages {
  const pages = data.pages.map((page) => ({
    ...page,
    results: page.results.map((known) => (known.id === row.id ? { ...known, ...row } : known)),
  }));
  return { ...data, pages };
}

export function hide(client: QueryClient, id: string): void {
  lastShown.set(id, { row: null, readings });
  for (const name of LISTS) change(client, name, (data) => without(data, id));
  client.setQueriesData<Pages>({ queryKey: ['conversations', 'search'] }, (data) =>
    data ? without(data, id) : data,
  );
}

/** Shows the change at once; takes it back and rejects when the server refuses. */
export async function update(
  client: QueryClient,
  row: Conversation,
  changes: ConversationChanges,
): Promise<void> {
  const key = conversationKey(row.id);
  const put = (now: ConversationChanges) => {
    show(client, { ...row, ...now });
    client.setQueryData<Conversation>(key, (known) => known && { ...known, ...now });
  };
  put(changes);
  try {
    await api.changeConversation(row.id, changes);
  } catch (error) {
    put({ title: row.title, pinned: row.pinned, archived: row.archived });
    throw error;
  }
}

/** Reads the newest conversations again: other tabs and programs may have changed them. */
export async function refreshNewest(client: QueryClient): Promise<void> {
  const names = LISTS.filter((name) => client.getQueryData(listKey(name)));
  const read = async (name: ListName) => {
    const reading = nextReading();
    const first = await api.conversations(QUERY[name]);
    change(client, name, (data) => renew(data, asChanged(name, first, reading)));
  };
  await Promise.all(names.map(read));
}

/**
 * Keeps the lists as the open conversation changes: its title as it is made, a new one at its
 * creation, to the front with a new message. Returns the function that stops it.
 */
export function followOpen(client: QueryClient): () => void {
  const known = new Map<string, Conversation>();
  const spoken = new Map<string, string>();
  return client.getQueryCache().subscribe(({ type, query }) => {
    if (type !== 'updated' || query.queryKey[0] !== 'conversation') return;
    const row = query.state.data as Conversation | undefined;
    if (!row || known.get(row.id) === row) return;
    const before = known.get(row.id);
    known.set(row.id, row);
    if (before && before.head_id !== row.head_id) spoken.set(row.id, new Date().toISOString());
    const latest = spoken.get(row.id) ?? '';
    const updated_at = latest > row.updated_at ? latest : row.updated_at;
    // After the cache has notified all: a change within a change would be notified out of order.
    queueMicrotask(() => show(client, { ...row, updated_at }));
  });
}
