import { beforeEach, expect, test, vi } from 'vitest';

/** A page that has just been loaded. */
async function page() {
  vi.resetModules();
  return import('./drawing');
}

beforeEach(() => localStorage.clear());

test('a conversation that ended the page twice is plain text, until somebody wants it otherwise', async () => {
  expect((await page()).startDrawing('a')).toBe(false);
  expect((await page()).startDrawing('a')).toBe(false);
  const third = await page();
  expect(third.startDrawing('a')).toBe(true);
  third.finishDrawing('a', true);
  const fourth = await page();
  expect(fourth.startDrawing('a')).toBe(true);
  fourth.drawFormatted('a');
  expect(fourth.startDrawing('a')).toBe(false);
  fourth.finishDrawing('a', false);
  expect(localStorage.length).toBe(0);
});

test('one that was drawn, or left in good order, has not ended it', async () => {
  const first = await page();
  first.startDrawing('c');
  first.finishDrawing('c', false);
  first.startDrawing('d');
  window.dispatchEvent(new Event('pagehide'));
  const second = await page();
  expect(second.wasCut('c')).toBe(false);
  expect(second.wasCut('d')).toBe(false);
});

test('one that ended the page once is not returned to', async () => {
  const first = await page();
  first.startDrawing('e');
  expect(first.wasCut('e')).toBe(false);
  expect((await page()).wasCut('e')).toBe(true);
});
