import { act, fireEvent, render, screen } from '@testing-library/react';
import { expect, test, vi } from 'vitest';
import type { MessageMetadata, ThreadMessage } from '../../session/thread';
import { strings } from '../../strings';
import { Actions, type ThreadActions } from './actions';
import { MessageTools } from './MessageTools';

const words = strings.tools;

function show(role: 'user' | 'assistant', metadata: MessageMetadata = {}, busy = false) {
  const tools = { rate: vi.fn(), fork: vi.fn(), remove: vi.fn() };
  const message: ThreadMessage = { id: 'm', role, parts: [], metadata };
  const actions = { busy, ...tools } as unknown as ThreadActions;
  render(
    <Actions value={actions}>
      <MessageTools message={message} />
    </Actions>,
  );
  return { ...tools, message };
}

const press = (name: string, role = 'button') => act(() => fireEvent.click(screen.getByRole(role, { name })));

test('a rating holds at once, and takes a word', () => {
  vi.spyOn(window, 'matchMedia').mockReturnValue({ matches: true, addEventListener() {}, removeEventListener() {} } as never);
  const { rate, message } = show('assistant', { rating: { value: -1, comment: '' } });
  expect(screen.getByRole('button', { name: words.bad }).getAttribute('aria-pressed')).toBe('true');
  press(words.good);
  expect(rate).toHaveBeenLastCalledWith(message, 1, '');
  fireEvent.change(screen.getByRole('textbox', { name: words.why }), { target: { value: ' short ' } });
  press(words.whySend);
  expect(rate).toHaveBeenLastCalledWith(message, -1, 'short');
});

test('the same rating again takes it back, and asks nothing', () => {
  const { rate, message } = show('assistant', { rating: { value: 1, comment: '' } });
  press(words.good);
  expect(rate).toHaveBeenCalledExactlyOnceWith(message, 0, '');
  expect(screen.queryByRole('textbox')).toBeNull();
});

test('the menu forks and deletes; while a reply is written nothing is deleted', () => {
  const { fork, remove, message } = show('user');
  press(words.more);
  press(words.fork, 'menuitem');
  expect(fork).toHaveBeenCalledExactlyOnceWith(message);
  press(words.more);
  press(words.remove, 'menuitem');
  expect(remove).toHaveBeenCalledExactlyOnceWith(message);
  expect(screen.queryByRole('button', { name: words.good })).toBeNull();
});

test('while a reply is written nothing can be deleted', () => {
  show('assistant', {}, true);
  press(words.more);
  expect(screen.queryByRole('menuitem', { name: words.remove })).toBeNull();
  expect(screen.getByRole('menuitem', { name: words.fork })).toBeTruthy();
});
