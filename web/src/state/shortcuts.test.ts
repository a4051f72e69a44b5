import { expect, test } from 'vitest';
import { commandFor, type KeyPress } from './shortcuts';

/** `Ctrl+Alt+Shift+Meta+key`, or with the key's code after a colon. */
function press(text: string): KeyPress {
  const parts = text.split('+');
  const [key = '', code = ''] = (parts.pop() ?? '').split(':');
  const has = (name: string) => parts.includes(name);
  return { key, code, ctrlKey: has('Ctrl'), metaKey: has('Meta'), altKey: has('Alt'), shiftKey: has('Shift') };
}

test.each([
  ['Ctrl+k', 'palette'],
  ['Meta+k', 'palette'],
  ['Shift+?', 'help'],
  ['Ctrl+/', 'help'],
  ['Ctrl+Shift+/', 'help'],
  ['Alt+Shift+N:KeyN', 'newChat'],
  ['Alt+Shift+˜:KeyN', 'newChat'],
  ['Shift+Escape', 'focusComposer'],
  ['Ctrl+Shift+Backspace', 'clear'],
  ['Alt+ArrowUp', 'previousMessage'],
  ['Alt+ArrowDown', 'nextMessage'],
  ['Ctrl+Shift+é:Semicolon', 'copyCode'],
  ['Ctrl+Shift+;', 'copyCode'],
  ['Ctrl+z', 'undo'],
])('%s asks for %s', (keys, command) => {
  expect(commandFor(press(keys), false)).toBe(command);
});

test.each(['k', 'n', 'Ctrl+n', 'Ctrl+Shift+n', 'Ctrl+Shift+k', 'Escape', 'Backspace', 'ArrowUp', 'Ctrl+c', 'Ctrl+Shift+z'])(
  '%s is left to the browser',
  (keys) => expect(commandFor(press(keys), false)).toBeNull(),
);

test('in a field, keys that write or take back are the field’s', () => {
  expect(commandFor(press('Shift+?'), true)).toBeNull();
  expect(commandFor(press('Ctrl+z'), true)).toBeNull();
  expect(commandFor(press('Ctrl+k'), true)).toBe('palette');
});
