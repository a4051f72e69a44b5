import { act, fireEvent, render, screen } from '@testing-library/react';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { tip, Tooltips } from './Tooltips';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

const pass = (ms: number) => act(() => vi.advanceTimersByTime(ms));

test('the tip shows after a moment, with the keys, and goes at a press', () => {
  render(
    <>
      <button type="button" {...tip('Toggle sidebar', 'toggleSidebar')}>
        icon
      </button>
      <Tooltips />
    </>,
  );
  const button = screen.getByRole('button');
  fireEvent.pointerOver(button, { pointerType: 'mouse' });
  expect(screen.queryByText('Toggle sidebar')).toBeNull();
  pass(200);
  expect(screen.getByText('Toggle sidebar')).toBeTruthy();
  expect(screen.getByText('Alt Shift S')).toBeTruthy();
  fireEvent.pointerDown(button);
  expect(screen.queryByText('Toggle sidebar')).toBeNull();
  // What the press has opened may lie where the tip would be.
  fireEvent.pointerOver(button, { pointerType: 'mouse' });
  pass(200);
  expect(screen.queryByText('Toggle sidebar')).toBeNull();
  fireEvent.pointerOver(document.body, { pointerType: 'mouse' });
  fireEvent.pointerOver(button, { pointerType: 'mouse' });
  pass(200);
  expect(screen.getByText('Toggle sidebar')).toBeTruthy();
});

test('a finger brings no tip', () => {
  render(
    <>
      <button type="button" {...tip('New chat')}>
        icon
      </button>
      <Tooltips />
    </>,
  );
  fireEvent.pointerOver(screen.getByRole('button'), { pointerType: 'touch' });
  pass(500);
  expect(screen.queryByText('New chat')).toBeNull();
});
