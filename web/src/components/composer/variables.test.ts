import { expect, test } from 'vitest';
import { filled, queryOf, variablesOf } from './variables';

const TEXT = 'Translate {{ text }} into {{language}}. Keep {{text}} short. {{}} {{ }} { {no} }';

test('each variable is asked for once, in order', () => {
  expect(variablesOf(TEXT)).toEqual(['text', 'language']);
});

test('values go in as they are, wherever the variable stands', () => {
  expect(filled(TEXT, new Map([['text', '$& {{language}}']]))).toBe(
    'Translate $& {{language}} into {{language}}. Keep $& {{language}} short. {{}} {{ }} { {no} }',
  );
});

test.each([
  ['/', ''],
  ['/mail ', 'mail'],
  ['/usr/bin', null],
  ['a /', null],
  ['/mail\n', null],
  ['', null],
])('%j asks for %j', (text, query) => expect(queryOf(text)).toBe(query));
