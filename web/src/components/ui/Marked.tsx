/** The words of a search; the server takes them in the same way. */
export function wordsOf(query: string): string[] {
  return query.match(/[\p{L}\p{N}_]+/gu) ?? [];
}

/** Text with the searched words marked, wherever they begin. */
export function Marked({ text, query }: { text: string; query: string }) {
  const words = wordsOf(query);
  if (words.length === 0) return text;
  const parts = text.split(new RegExp(`(${words.join('|')})`, 'giu'));
  return parts.map((part, index) =>
    index % 2 === 1 ? (
      // The same text makes the same parts.
      // oxlint-disable-next-line react/no-array-index-key
      <mark key={index} className="rounded-sm bg-accent-soft font-semibold text-ink">
        {part}
      </mark>
    ) : (
      part
    ),
  );
}
