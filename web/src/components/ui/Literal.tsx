import { strings } from '../../strings';

/** Characters that draw nothing: control characters but for tab and line ends, and DEL. */
// oxlint-disable-next-line no-control-regex -- that is what it looks for
const CONTROL = /([\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f])/;

/** The text as it was written; a control character is shown as a sign in its place. */
export function Literal({ text }: { text: string }) {
  if (!CONTROL.test(text)) return text;
  return text.split(CONTROL).map((part, index) =>
    index % 2 === 0 ? (
      part
    ) : (
      // The text never changes, so that a place is an identity.
      // oxlint-disable-next-line react/no-array-index-key
      <span key={index} className="rounded-sm bg-sunken px-0.5 font-mono text-[0.8em] text-ink-muted" title={nameOf(part)}>
        {signOf(part)}
      </span>
    ),
  );
}

/** The control pictures of Unicode, or the number where there is none. */
function signOf(character: string): string {
  const code = character.charCodeAt(0);
  if (code < 0x20) return String.fromCharCode(0x2400 + code);
  return code === 0x7f ? '\u2421' : nameOf(character);
}

function nameOf(character: string): string {
  return strings.thread.control(character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0'));
}
