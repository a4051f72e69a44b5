import { strings } from '../../strings';
import { withoutHeaps } from './heaps';

/** Characters that draw nothing: control characters but for tab and line ends, and DEL. */
// oxlint-disable-next-line no-control-regex -- that is what it looks for
const CONTROL = /([\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f])/;

/** So many are marked as such; more are shown by their names alone. */
const MARKED = 500;

/** The text as it was written; a control character is shown by its name in its place. */
export function Literal({ text: written }: { text: string }) {
  const text = withoutHeaps(written);
  if (!CONTROL.test(text)) return text;
  const parts = text.split(CONTROL);
  if (parts.length > 2 * MARKED) return parts.map((part, index) => (index % 2 === 0 ? part : signOf(part))).join('');
  return parts.map((part, index) =>
    index % 2 === 0 ? (
      part
    ) : (
      // The text never changes, so that a place is an identity.
      // oxlint-disable-next-line react/no-array-index-key
      <span key={index} className="mx-px rounded-sm bg-sunken px-0.5 font-mono text-[0.75em] text-ink-muted" title={nameOf(part)}>
        {signOf(part)}
      </span>
    ),
  );
}

/** By the value of the character. */
const NAMES =
  'NUL SOH STX ETX EOT ENQ ACK BEL BS TAB LF VT FF CR SO SI DLE DC1 DC2 DC3 DC4 NAK SYN ETB CAN EM SUB ESC FS GS RS US'.split(' ');

/** The common abbreviation, or the number where there is none. */
function signOf(character: string): string {
  const code = character.charCodeAt(0);
  return code === 0x7f ? 'DEL' : (NAMES[code] ?? nameOf(character));
}

function nameOf(character: string): string {
  return strings.thread.control(character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0'));
}
