import { expect, test } from 'vitest';
import { clamp, defaultsOf, toParameters, usualBounds } from './parameters';

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

test('a change is sent clamped, and the default model by its name', () => {
  expect(toParameters({ temperature: 2 }, usualBounds, 'm')).toEqual({ temperature: 1 });
  expect(toParameters({ model: null }, usualBounds, 'm')).toEqual({ model: 'm' });
  expect(toParameters({ model: null }, usualBounds, null)).toEqual({});
  expect(toParameters({ model: 'other' }, usualBounds, 'm')).toEqual({ model: 'other' });
});

test('defaults are those of the bounds', () => {
  expect(defaultsOf(usualBounds, null)).toEqual({
    temperature: 0.7,
    max_tokens: 512,
    top_p: 1,
    model: null,
  });
});
