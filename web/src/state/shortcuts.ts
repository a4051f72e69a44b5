/**
 * Which keys ask for what. None takes a key that a field needs: those without Ctrl, Cmd or Alt
 * are not looked at while someone writes. None of them belongs to a browser, but for Ctrl+K,
 * Shift+Escape and Ctrl+Shift+Backspace, which every chat page has taught people to expect.
 */
import { strings } from '../strings';
import type { CommandName } from './commands';

export interface Shortcut {
  command: CommandName;
  /** `Mod` is Cmd on a Mac and Ctrl elsewhere; letters and signs are named by `code` or `key`. */
  keys: readonly string[];
  group: 'everywhere' | 'thread';
}

export const SHORTCUTS: readonly Shortcut[] = [
  { command: 'palette', keys: ['Mod', 'K'], group: 'everywhere' },
  { command: 'help', keys: ['?'], group: 'everywhere' },
  { command: 'help', keys: ['Mod', '/'], group: 'everywhere' },
  { command: 'newChat', keys: ['Alt', 'Shift', 'N'], group: 'everywhere' },
  { command: 'toggleSidebar', keys: ['Alt', 'Shift', 'S'], group: 'everywhere' },
  { command: 'toggleSettings', keys: ['Alt', 'Shift', 'R'], group: 'everywhere' },
  { command: 'undo', keys: ['Mod', 'Z'], group: 'everywhere' },
  { command: 'focusComposer', keys: ['Shift', 'Escape'], group: 'thread' },
  { command: 'previousMessage', keys: ['Alt', 'ArrowUp'], group: 'thread' },
  { command: 'nextMessage', keys: ['Alt', 'ArrowDown'], group: 'thread' },
  { command: 'copyReply', keys: ['Alt', 'Shift', 'C'], group: 'thread' },
  { command: 'copyCode', keys: ['Mod', 'Shift', ';'], group: 'thread' },
  { command: 'clear', keys: ['Mod', 'Shift', 'Backspace'], group: 'thread' },
];

export interface KeyPress {
  key: string;
  code: string;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
  shiftKey: boolean;
}

/** What the keys ask for, or null. `writing`: the focus is in a field. */
export function commandFor(press: KeyPress, writing: boolean): CommandName | null {
  const shortcut = SHORTCUTS.find(({ keys }) => isPressed(keys, press));
  if (!shortcut) return null;
  // In a field, Mod+Z undoes typing, and a question mark is a character.
  const isForFields = shortcut.command === 'undo' || shortcut.keys.length === 1;
  return writing && isForFields ? null : shortcut.command;
}

function isPressed(keys: readonly string[], press: KeyPress): boolean {
  const last = keys.at(-1) ?? '';
  const mod = press.ctrlKey || press.metaKey;
  if (mod !== keys.includes('Mod') || press.altKey !== keys.includes('Alt')) return false;
  // What a sign needs to be typed differs by keyboard: only the sign itself counts.
  if (last === '?' || last === '/') return press.key === last;
  if (press.shiftKey !== keys.includes('Shift')) return false;
  if (last === ';') return press.key === ';' || press.key === ':' || press.code === 'Semicolon';
  if (/^[A-Z]$/.test(last)) {
    // With Alt, a Mac types another sign: the key in its place counts.
    return press.altKey ? press.code === `Key${last}` : press.key.toUpperCase() === last;
  }
  return press.key === last;
}

const isMac = () => /Mac|iPhone|iPad/.test(navigator.userAgent);
const SIGNS: Record<string, string> = { ArrowUp: '↑', ArrowDown: '↓' };
const MAC_SIGNS: Record<string, string> = { Mod: '⌘', Alt: '⌥' };

/** As it is written on the keyboard at hand, in the language of the page. */
export function keyName(key: string): string {
  return (isMac() ? MAC_SIGNS[key] : undefined) ?? SIGNS[key] ?? strings.keys[key] ?? key;
}
