import { expect, test } from 'vitest';
import type { Conversation } from '../../protocol';
import { layOut } from './layout';
import { indexAt } from './useWindow';

test('every item has its place, found by halving', () => {
  const rows = (...ids: string[]) => ids.map((id) => ({ id }) as Conversation);
  const { items, tops, rows: all } = layOut(
    [{ name: 'Today', rows: rows('a', 'b') }, { name: 'Yesterday', rows: rows('c') }],
    40,
    36,
  );
  expect(items.map(({ kind }) => kind)).toEqual(['head', 'row', 'row', 'head', 'row']);
  expect(tops).toEqual([0, 36, 76, 116, 152, 200]);
  expect(all.map(({ id }) => id)).toEqual(['a', 'b', 'c']);
  expect([-50, 0, 35, 36, 100, 151, 152, 9999].map((y) => indexAt(tops, y))).toEqual([0, 0, 0, 1, 2, 3, 4, 4]);
  expect(indexAt([0], 10)).toBe(0);
});
