import type { TextPart } from '../../protocol';

/** Text with the parts marked that a search found. A text that has changed since is shown as it is. */
export function MarkedParts({ text, parts }: { text: string; parts: readonly TextPart[] | null | undefined }) {
  if (!parts || parts.map((part) => part.text).join('') !== text) return text;
  return parts.map((part, index) =>
    part.marked ? (
      // The same text makes the same parts.
      // oxlint-disable-next-line react/no-array-index-key
      <mark key={index} className="rounded-sm bg-accent-soft font-semibold text-ink">
        {part.text}
      </mark>
    ) : (
      part.text
    ),
  );
}
