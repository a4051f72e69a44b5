import { expect, test } from 'vitest';
import { uuid } from './edges';

const VERSION_4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

test('in a secure context the browser makes it', () => {
  expect(uuid()).toMatch(VERSION_4);
});

test('over plain http it is made from random bytes', () => {
  const source = { getRandomValues: crypto.getRandomValues.bind(crypto) };
  const made = Array.from({ length: 100 }, () => uuid(source));
  for (const one of made) expect(one).toMatch(VERSION_4);
  expect(new Set(made).size).toBe(100);
});
