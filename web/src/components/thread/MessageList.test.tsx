import { act, render, screen } from '@testing-library/react';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { toThread } from '../../session/thread';
import { row } from '../../testing/scripted';
import { MessageList } from './MessageList';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('draws a long thread from its end, in steps', () => {
  const messages = toThread(Array.from({ length: 60 }, (_, n) => row(`m${n}`, 'user', { content: `Message ${n}.` })));
  const nothing = () => undefined;
  render(
    <MessageList messages={messages} busy={false} mode="socket" onRetry={nothing} hasOlder={false} loadOlder={async () => false}>
      <p>The beginning</p>
    </MessageList>,
  );
  const drawn = () => screen.getAllByRole('article').length;
  expect(drawn()).toBe(12);
  expect(screen.getByText('Message 59.')).toBeTruthy();
  expect(screen.queryByText('The beginning')).toBeNull();
  act(() => void vi.advanceTimersToNextTimer());
  expect(drawn()).toBe(20);
  for (let step = 0; step < 5; step += 1) act(() => void vi.advanceTimersToNextTimer());
  expect(drawn()).toBe(60);
  expect(screen.getByText('The beginning')).toBeTruthy();
});
