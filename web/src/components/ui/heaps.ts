/** Accents on one letter: a browser shapes them together, in a time that grows with their square. */
const MOST = 32;
const HEAP = new RegExp(`(\\p{M}{${MOST}})\\p{M}+`, 'gu');
const HOLDS_HEAP = new RegExp(`\\p{M}{${MOST + 1}}`, 'u');

/** Some letter of the text has more accents than a browser can bear. */
export function holdsHeap(text: string): boolean {
  return HOLDS_HEAP.test(text);
}

/** The text with an ellipsis in the place of accents beyond all measure. */
export function withoutHeaps(text: string): string {
  return holdsHeap(text) ? text.replace(HEAP, '$1…') : text;
}
