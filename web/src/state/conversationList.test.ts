import { describe, expect, test } from 'vitest';
import type { Conversation } from '../protocol';
import { listOf, place, renew, rows, without, type Pages } from './conversationList';
import { groupByDay } from './groups';

const row = (id: string, hour: number, changes: Partial<Conversation> = {}): Conversation => ({
  id,
  title: id,
  head_id: null,
  settings: {},
  pinned: false,
  archived: false,
  running: false,
  created_at: '',
  updated_at: `2026-03-01T${String(hour).padStart(2, '0')}:00:00Z`,
  message_count: 0,
  ...changes,
});

function pages(...all: Conversation[][]): Pages {
  return {
    pageParams: all.map(String),
    pages: all.map((results, at) => ({ results, next: at < all.length - 1 ? 'n' : null, previous: null })),
  };
}

const ids = (data: Pages) => data.pages.map((page) => page.results.map((one) => one.id).join(''));
const open = (data: Pages): Pages => ({
  ...data,
  pages: data.pages.map((page) => Object.assign({}, page, { next: 'more' })),
});

describe('the list', () => {
  test('shows each once, however the pages overlap', () => {
    expect(rows(pages([row('a', 9), row('b', 8)], [row('b', 8), row('c', 7)])).map(({ id }) => id)).toEqual(
      ['a', 'b', 'c'],
    );
    expect(rows(undefined)).toEqual([]);
  });

  test('knows where a conversation belongs', () => {
    expect(listOf(row('a', 1))).toBe('recent');
    expect(listOf(row('a', 1, { pinned: true }))).toBe('pinned');
    expect(listOf(row('a', 1, { pinned: true, archived: true }))).toBe('archived');
  });

  test('moves one to its place, in whatever page that is', () => {
    const data = pages([row('a', 9), row('b', 7)], [row('c', 5)]);
    expect(ids(place(data, row('c', 10)))).toEqual(['cab', '']);
    expect(ids(place(data, row('d', 8)))).toEqual(['adb', 'c']);
    expect(ids(place(data, row('d', 6)))).toEqual(['ab', 'dc']);
    expect(ids(place(data, row('d', 1)))).toEqual(['ab', 'cd']);
    expect(ids(without(data, 'b'))).toEqual(['a', 'c']);
  });

  test('leaves one that is older than all that was read to its page', () => {
    expect(ids(place(open(pages([row('a', 9), row('b', 7)])), row('d', 1)))).toEqual(['ab']);
  });

  test('a newly read first page replaces its stretch, and nothing older', () => {
    const data = pages([row('a', 9), row('gone', 8), row('b', 7)], [row('c', 5)]);
    const first = { results: [row('n', 10), row('a', 9), row('b', 7)], next: 'more', previous: null };
    expect(ids(renew(data, first))).toEqual(['nab', 'c']);
    expect(ids(renew(data, { ...first, next: null }))).toEqual(['nab', '']);
  });
});

test('groups go by day, then by month', () => {
  const now = new Date(2026, 2, 15, 12).getTime();
  const at = (id: string, ...when: [number, number, number]) =>
    row(id, 1, { updated_at: new Date(...when, 10).toISOString() });
  const groups = groupByDay(
    [at('a', 2026, 2, 15), at('b', 2026, 2, 14), at('c', 2026, 2, 10), at('d', 2026, 2, 8), at('e', 2026, 1, 20), at('f', 2026, 1, 2)],
    now,
  );
  expect(groups.map(({ name, rows: all }) => [name, all.map(({ id }) => id).join('')])).toEqual([
    ['Today', 'a'],
    ['Yesterday', 'b'],
    ['Previous 7 days', 'cd'],
    ['February 2026', 'ef'],
  ]);
});
