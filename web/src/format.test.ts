import { afterEach, expect, test, vi } from 'vitest';
import { formatFacts } from './format';

afterEach(() => vi.unstubAllGlobals());

test('leaves out what is not known of a thing', () => {
  expect(formatFacts(['qwen3', undefined, '', null, false, '2 GB'])).toBe('qwen3 · 2 GB');
});

test('sets facts apart where the page runs from right to left', () => {
  vi.stubGlobal('document', { dir: 'rtl' });
  expect(formatFacts(['3.2B', '2 غ.ب'])).toBe('\u20683.2B\u2069 · \u20682 غ.ب\u2069');
});
