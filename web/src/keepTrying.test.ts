import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { keepTrying } from './keepTrying';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('what could not be loaded is loaded when the network is back', async () => {
  const load = vi.fn(() => Promise.reject<string>(new TypeError('Failed to fetch')));
  const part = keepTrying(load);
  await vi.advanceTimersByTimeAsync(10_000);
  load.mockImplementation(() => Promise.resolve('part'));
  await vi.advanceTimersByTimeAsync(2_000);
  await expect(part).resolves.toBe('part');
});

test('what is gone for good is given up', async () => {
  const load = vi.fn(() => Promise.reject<string>(new TypeError('Failed to fetch')));
  const part = keepTrying(load);
  const told = expect(part).rejects.toThrow('Failed to fetch');
  await vi.advanceTimersByTimeAsync(120_000);
  await told;
  expect(load).toHaveBeenCalledTimes(30);
});
