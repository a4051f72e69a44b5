/** Characters that draw nothing, shown by their names in their place. */
import { strings } from '../../strings';

/** Control characters but for tab and line ends, and DEL. */
// oxlint-disable-next-line no-control-regex -- that is what it looks for
const CONTROL = /([\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f])/;

export function hasControl(text: string): boolean {
  return CONTROL.test(text);
}

/** Text and control characters in turn. */
export function splitAtControls(text: string): string[] {
  return text.split(CONTROL);
}

export const CONTROL_STYLE = 'mx-px rounded-sm bg-sunken px-0.5 font-mono text-[0.75em] text-ink-muted';

/** By the value of the character. */
const NAMES =
  'NUL SOH STX ETX EOT ENQ ACK BEL BS TAB LF VT FF CR SO SI DLE DC1 DC2 DC3 DC4 NAK SYN ETB CAN EM SUB ESC FS GS RS US'.split(' ');

/** The common abbreviation, or the number where there is none. */
export function signOf(character: string): string {
  const code = character.charCodeAt(0);
  return code === 0x7f ? 'DEL' : (NAMES[code] ?? nameOf(character));
}

export function nameOf(character: string): string {
  return strings.thread.control(character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0'));
}
