import { CONTROL_STYLE, hasControl, nameOf, signOf, splitAtControls } from './controls';
import { withoutHeaps } from './heaps';

/** So many are marked as such; more are shown by their names alone. */
const MARKED = 500;

/** The text as it was written; a control character is shown by its name in its place. */
export function Literal({ text: written }: { text: string }) {
  const text = withoutHeaps(written);
  if (!hasControl(text)) return text;
  const parts = splitAtControls(text);
  if (parts.length > 2 * MARKED) return parts.map((part, index) => (index % 2 === 0 ? part : signOf(part))).join('');
  return parts.map((part, index) =>
    index % 2 === 0 ? (
      part
    ) : (
      // The text never changes, so that a place is an identity.
      // oxlint-disable-next-line react/no-array-index-key
      <span key={index} className={CONTROL_STYLE} title={nameOf(part)}>
        {signOf(part)}
      </span>
    ),
  );
}
