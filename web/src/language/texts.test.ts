/** No component has a text of its own: each stands in the catalogue. */
import { expect, test } from 'vitest';

const sources = import.meta.glob<string>(['../**/*.tsx', '!../**/*.test.tsx', '!../testing/**'], {
  query: '?raw',
  import: 'default',
  eager: true,
});
/** Words between tags, and in attributes that people hear or read. */
const WORDS = [
  />\s*[A-Z][a-z]+(?:[ ,.’][^<>{}=;()]*)?\s*</g,
  /\b(?:aria-label|alt|label|placeholder|title)="[A-Za-z][^"]*"/g,
];

test('texts stand in the catalogue', () => {
  const found = Object.entries(sources).flatMap(([path, source]) =>
    WORDS.flatMap((words) => [...source.matchAll(words)].map(([text]) => `${path}: ${text}`)),
  );
  expect(Object.keys(sources).length).toBeGreaterThan(80);
  expect(found).toEqual([]);
});
