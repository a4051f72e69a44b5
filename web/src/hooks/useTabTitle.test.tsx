import { act, renderHook } from '@testing-library/react';
import { expect, test, vi } from 'vitest';
import { useTabTitle } from './useTabTitle';

let state: DocumentVisibilityState;

function look(next: DocumentVisibilityState): void {
  state = next;
  act(() => void document.dispatchEvent(new Event('visibilitychange')));
}

test('the tab tells of a running reply, and of one that ended unseen', () => {
  vi.spyOn(document, 'visibilityState', 'get').mockImplementation(() => state);
  state = 'visible';
  const { rerender, unmount } = renderHook(({ busy }) => useTabTitle('Trip', busy), {
    initialProps: { busy: false },
  });
  expect(document.title).toBe('Trip · Chat Playground');
  rerender({ busy: true });
  expect(document.title).toBe('● Trip · Chat Playground');
  rerender({ busy: false });
  expect(document.title).toBe('Trip · Chat Playground');
  rerender({ busy: true });
  look('hidden');
  rerender({ busy: false });
  expect(document.title).toBe('✓ Trip · Chat Playground');
  look('visible');
  expect(document.title).toBe('Trip · Chat Playground');
  unmount();
  expect(document.title).toBe('Chat Playground');
});
