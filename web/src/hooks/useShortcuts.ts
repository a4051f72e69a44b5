import { useLayoutEffect } from 'react';
import { provide, run } from '../state/commands';
import { toggleSidebar, useFrame } from '../state/frame';
import { commandFor } from '../state/shortcuts';
import { strings } from '../strings';
import { undoLast } from '../state/toasts';
import { writeTheme } from '../theme';

const FIELDS = 'textarea, select, [contenteditable], input:not([type=range], [type=checkbox])';

/**
 * Listens for the page's shortcuts, and answers those that belong to no component. As all that
 * listens for keys it begins before the page is painted, so that no key that is pressed at once is lost.
 */
export function useShortcuts(): void {
  useLayoutEffect(() => {
    const undo = [
      provide('toggleSidebar', toggleSidebar),
      provide('palette', () => useFrame.setState(({ palette }) => ({ palette: !palette }))),
      provide('help', () => useFrame.setState(({ help }) => ({ help: !help }))),
      provide('prompts', () => useFrame.setState({ prompts: true })),
      provide('undo', undoLast),
      provide('focusComposer', () => inPage('#composer')?.focus()),
      provide('stop', () => press(strings.composer.stop)),
      provide('copyReply', () => press(strings.copy.message, strings.thread.assistant)),
      provide('copyCode', () => press(strings.copy.code, strings.thread.assistant)),
      provide('previousMessage', () => walk(-1)),
      provide('nextMessage', () => walk(1)),
      provide('regenerate', () => press(strings.reply.regenerate)),
      provide('profile', () => window.location.assign('/profile')),
      provide('themeLight', () => writeTheme('light')),
      provide('themeDark', () => writeTheme('dark')),
      provide('themeSystem', () => writeTheme('system')),
    ];
    // Before any field: Alt+ArrowUp is not an ArrowUp.
    window.addEventListener('keydown', onKeyDown, true);
    return () => {
      window.removeEventListener('keydown', onKeyDown, true);
      for (const take of undo) take();
    };
  }, []);
}

function onKeyDown(event: KeyboardEvent): void {
  if (event.isComposing || event.repeat) return;
  const writing = event.target instanceof Element && event.target.closest(FIELDS) !== null;
  const command = commandFor(event, writing);
  if (!command && !writing && isTyping(event)) inPage('#composer')?.focus();
  if (!command || !mayRun(command)) return;
  if (!run(command)) return;
  event.preventDefault();
  event.stopPropagation();
}

/** Typed outside of any field, with nothing open that takes it: it is meant for the message. */
function isTyping({ key, ctrlKey, metaKey, altKey, target }: KeyboardEvent): boolean {
  if (key.length !== 1 || key === ' ' || ctrlKey || metaKey || altKey) return false;
  const role = target instanceof Element ? target.closest('[role=menu], [role=slider], input') : null;
  return role === null && !document.querySelector('dialog[open], [data-menu]');
}

/** While a dialog is open only what closes or replaces it. */
function mayRun(command: string): boolean {
  const open = document.querySelector('dialog[open]');
  if (!open) return true;
  const { palette, help } = useFrame.getState();
  return (command === 'palette' && palette) || (command === 'help' && help) || command === 'undo';
}

function inPage(selector: string): HTMLElement | null {
  return document.querySelector<HTMLElement>(selector);
}

/** Presses the last button with this name in the thread: the button reports its success. */
function press(name: string, author?: string): boolean {
  const within = author ? `[role=log] article[aria-label="${author}"]` : '';
  const buttons = document.querySelectorAll<HTMLElement>(`${within} button[aria-label="${name}"]`);
  const last = [...buttons].at(-1);
  last?.click();
  return last !== undefined;
}

/** Moves the focus to the message before or after; at first to the last one. */
function walk(step: -1 | 1): boolean {
  const all = [...document.querySelectorAll<HTMLElement>('[role=log] article')];
  const at = all.findIndex((element) => element.contains(document.activeElement));
  const to = at < 0 ? all.length - 1 : Math.min(all.length - 1, Math.max(0, at + step));
  const target = all[to];
  if (!target) return false;
  target.tabIndex = -1;
  target.focus({ preventScroll: true });
  target.scrollIntoView({ block: 'nearest' });
  return true;
}
