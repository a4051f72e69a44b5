import { beforeEach, expect, test, vi } from 'vitest';

const page = { conversation: { id: 'c', title: 'T' }, messages: [{ id: 'm' }] };

/** A page with this in it, just loaded. */
async function load(text: string | null) {
  document.body.innerHTML = text === null ? '' : `<script type="application/json" id="opened">${text}</script>`;
  vi.resetModules();
  return (await import('./opened')).takeOpened;
}

beforeEach(() => {
  document.body.innerHTML = '';
});

test('each part is given once, and the page is rid of it', async () => {
  const takeOpened = await load(JSON.stringify(page));
  expect(takeOpened('c', 'messages')).toEqual(page.messages);
  expect(takeOpened('c', 'messages')).toBeUndefined();
  expect(takeOpened('c', 'conversation')).toEqual(page.conversation);
  expect(document.getElementById('opened')).toBeNull();
});

test('for another conversation there is nothing', async () => {
  const takeOpened = await load(JSON.stringify(page));
  expect(takeOpened('d', 'messages')).toBeUndefined();
});

test('a page without it asks the server', async () => {
  const takeOpened = await load(null);
  expect(takeOpened('c', 'conversation')).toBeUndefined();
});
