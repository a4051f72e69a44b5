import { expect, test } from 'vitest';
import type { Model } from '../protocol';
import { clamp, defaultsOf, merge, supported, toPatch, usualBounds } from './parameters';

test.each([
  [0.30000000000000004, 0.3],
  [-1, 0],
  [7, 1],
  [0.66, 0.7],
  [Number.NaN, 0.7],
])('a temperature of %d becomes %d', (given, expected) => {
  expect(clamp(given, usualBounds.temperature)).toBe(expected);
});

test.each([
  [300.4, 300],
  [1, 256],
  [9999, 1024],
])('%d tokens become %d', (given, expected) => {
  expect(clamp(given, usualBounds.max_tokens)).toBe(expected);
});

test('top-p keeps its two decimals', () => {
  expect(clamp(0.95, usualBounds.top_p)).toBe(0.95);
  expect(clamp(0.12, usualBounds.top_p)).toBe(0.1);
});

test('a change is sent clamped, and null forgets the model', () => {
  expect(toPatch({ temperature: 2 }, usualBounds)).toEqual({ temperature: 1 });
  expect(toPatch({ model: null }, usualBounds)).toEqual({ model: null });
  expect(toPatch({ model: 'other' }, usualBounds)).toEqual({ model: 'other' });
});

test('what is forgotten or unknown is the default', () => {
  const defaults = defaultsOf(usualBounds, 'm');
  expect(merge(defaults, { model: null, top_p: 0.5 })).toEqual({ ...defaults, top_p: 0.5 });
});

test('defaults are those of the bounds', () => {
  expect(defaultsOf(usualBounds, null)).toEqual({
    temperature: 0.7,
    max_tokens: 512,
    top_p: 1,
    model: null,
  });
});

test('what the model does not have is not sent; all is where that is not known', () => {
  const chosen = { temperature: 0.5, top_k: 5, seed: 1 };
  const model = { parameters: ['seed'] } as Model;
  expect(supported(chosen, model)).toEqual({ temperature: 0.5, seed: 1 });
  expect(supported({ top_k: 5 }, model)).toBeUndefined();
  expect(supported(chosen, undefined)).toBe(chosen);
});
