/**
 * The lists of conversations, as pure functions over the pages that have been read.
 *
 * A list is newest first. The server's pages go by cursor, so rows that move to the front while
 * one reads on are neither lost nor shown twice: `rows` drops the older of two.
 */
import type { InfiniteData } from '@tanstack/react-query';
import type { Conversation, FoundConversation, Page } from '../protocol';

export type ListName = 'pinned' | 'recent' | 'archived';
export type Pages = InfiniteData<Page<FoundConversation>, unknown>;

/** All rows that have been read, newest first, each once. */
export function rows(data: Pages | undefined): FoundConversation[] {
  const seen = new Set<string>();
  const all = data?.pages.flatMap((page) => page.results) ?? [];
  return all.filter(({ id }) => !seen.has(id) && Boolean(seen.add(id)));
}

/** Nothing was said in it yet, and nobody named it. */
export function isUnused({ head_id, title, running, pinned, archived }: Conversation): boolean {
  return head_id === null && title === '' && !running && !pinned && !archived;
}

/** The list that holds the conversation. */
export function listOf(row: Conversation): ListName {
  if (row.archived) return 'archived';
  return row.pinned ? 'pinned' : 'recent';
}

export function without(data: Pages, id: string): Pages {
  return {
    ...data,
    pages: data.pages.map((page) =>
      page.results.some((row) => row.id === id)
        ? { ...page, results: page.results.filter((row) => row.id !== id) }
        : page,
    ),
  };
}

/**
 * Puts the row in its place, instead of what stood there for it. One that is older than all that
 * has been read comes with its page.
 */
export function place(data: Pages, row: Conversation): Pages {
  const cleared = without(data, row.id);
  const isOlder = (other: Conversation) => other.updated_at < row.updated_at;
  let index = cleared.pages.findIndex(({ results }) => results.some(isOlder));
  if (index < 0) {
    if (cleared.pages.at(-1)?.next) return cleared;
    index = cleared.pages.length - 1;
  }
  const page = cleared.pages[index];
  if (!page) return cleared;
  const where = page.results.findIndex(isOlder);
  const results = page.results.toSpliced(where < 0 ? page.results.length : where, 0, row);
  return { ...cleared, pages: cleared.pages.with(index, { ...page, results }) };
}

/** A newly read first page: what it has replaces what we have of that stretch of the list. */
export function renew(data: Pages, first: Page<FoundConversation>): Pages {
  const ids = new Set(first.results.map((row) => row.id));
  const oldest = first.next ? (first.results.at(-1)?.updated_at ?? '') : '';
  const pages = data.pages.map((page) => ({
    ...page,
    results: page.results.filter((row) => !ids.has(row.id) && row.updated_at < oldest),
  }));
  const [head, ...rest] = pages;
  if (!head) return data;
  return { ...data, pages: [{ ...head, results: [...first.results, ...head.results] }, ...rest] };
}
