/** No component has a text of its own: each stands in the catalogue. */
import { expect, test } from 'vitest';

const sources = import.meta.glob<string>(['../**/*.{ts,tsx}', '!../**/*.test.{ts,tsx}', '!../testing/**'], {
  query: '?raw',
  import: 'default',
  eager: true,
});
/** Words between tags, and in attributes that people hear or read. */
const WORDS = [
  />\s*[A-Z][a-z]+(?:[ ,.’][^<>{}=;()]*)?\s*</g,
  /\b(?:aria-label|alt|label|placeholder|title)="[A-Za-z][^"]*"/g,
];

/** What the patterns find in files that end so. */
function matches(ending: string, patterns: RegExp[]): string[] {
  return Object.entries(sources)
    .filter(([path]) => path.endsWith(ending))
    .flatMap(([path, source]) =>
      patterns.flatMap((pattern) => [...source.matchAll(pattern)].map(([text]) => `${path}: ${text}`)),
    );
}

test('texts stand in the catalogue', () => {
  expect(Object.keys(sources).length).toBeGreaterThan(150);
  expect(matches('.tsx', WORDS)).toEqual([]);
});

test('numbers, dates and lists follow the language of the page, not of the browser', () => {
  expect(matches('', [/\bIntl\.\w+\(undefined|\.toLocale\w*String\(\)/g])).toEqual([]);
});
