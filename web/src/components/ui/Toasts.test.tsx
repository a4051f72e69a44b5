import { act, fireEvent, render, screen } from '@testing-library/react';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { dismiss, undoLast, toast, TOAST_MS, useToasts } from '../../state/toasts';
import { ModalDialog } from './ModalDialog';
import { Sheet } from './Sheet';
import { Toasts } from './Toasts';

const pass = (ms: number) => act(() => vi.advanceTimersByTime(ms));

beforeEach(() => {
  vi.useFakeTimers();
  render(<Toasts />);
});
afterEach(() => {
  for (const { id } of useToasts.getState().toasts) dismiss(id);
  vi.useRealTimers();
});

test('a toast is told politely, and goes by itself', () => {
  act(() => toast('Deleted'));
  const region = screen.getByRole('region', { name: 'Notifications' });
  expect(region.getAttribute('aria-live')).toBe('polite');
  expect(region.textContent).toContain('Deleted');
  expect(screen.queryByRole('button', { name: 'Undo' })).toBeNull();
  pass(TOAST_MS);
  expect(region.textContent).toBe('');
});

test('it stays while the mouse or the focus is on it', () => {
  act(() => toast('Deleted', () => {}));
  const region = screen.getByRole('region');
  pass(TOAST_MS - 1000);
  fireEvent.pointerEnter(region);
  pass(60_000);
  expect(region.textContent).toContain('Deleted');
  fireEvent.pointerLeave(region);
  pass(900);
  fireEvent.focus(screen.getByRole('button', { name: 'Undo' }));
  pass(60_000);
  fireEvent.blur(screen.getByRole('button', { name: 'Undo' }));
  pass(50);
  expect(region.textContent).toContain('Deleted');
  pass(100);
  expect(region.textContent).toBe('');
});

test('undo works once, by button or by key', () => {
  const undo = vi.fn<() => void>();
  act(() => toast('One', undo));
  act(() => toast('Two'));
  fireEvent.click(screen.getByRole('button', { name: 'Undo' }));
  expect(undo).toHaveBeenCalledOnce();
  expect(screen.queryByText('One')).toBeNull();
  expect(undoLast()).toBe(false);
  act(() => toast('Three', undo));
  act(() => expect(undoLast()).toBe(true));
  expect(undo).toHaveBeenCalledTimes(2);
});

test('three at most, the newest', () => {
  for (const text of ['a1', 'a2', 'a3', 'a4']) act(() => toast(text));
  expect(screen.queryByText('a1')).toBeNull();
  expect(screen.getByText('a4')).toBeTruthy();
});

test('they are in the dialog over all others, beside which everything is inert', () => {
  const region = () => screen.getByRole('region', { name: 'Notifications' });
  const sheet = render(<Sheet label="Settings" onClose={vi.fn()}>…</Sheet>);
  expect(screen.getByRole('dialog', { name: 'Settings' }).contains(region())).toBe(true);
  // In its middle, not beside the sidebar.
  expect(region().className).not.toContain('start-72');
  const prompts = render(<ModalDialog label="Prompts" onClose={vi.fn()} className="">…</ModalDialog>);
  expect(screen.getByRole('dialog', { name: 'Prompts' }).contains(region())).toBe(true);
  prompts.unmount();
  expect(screen.getByRole('dialog', { name: 'Settings' }).contains(region())).toBe(true);
  sheet.unmount();
  expect(region().className).toContain('start-72');
  act(() => toast('Deleted'));
  expect(region().textContent).toContain('Deleted');
});

test('a click beside a dialog closes it, but loses no text, nor ends a mark that began inside', () => {
  const close = vi.fn<() => void>();
  const { rerender, unmount } = render(<ModalDialog label="Prompts" onClose={close} className=""><p>Inside</p></ModalDialog>);
  const dialog = screen.getByRole('dialog');
  const click = (from: Element) => {
    fireEvent.pointerDown(from);
    fireEvent.click(dialog);
  };
  click(screen.getByText('Inside'));
  expect(close).not.toHaveBeenCalled();
  rerender(<ModalDialog label="Prompts" onClose={close} className=""><textarea defaultValue="Written" /></ModalDialog>);
  click(dialog);
  expect(close).not.toHaveBeenCalled();
  rerender(<ModalDialog label="Prompts" onClose={close} className=""><textarea defaultValue="" key="new" /></ModalDialog>);
  click(dialog);
  expect(close).toHaveBeenCalledOnce();
  unmount();
});
