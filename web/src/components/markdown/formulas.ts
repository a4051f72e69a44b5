/**
 * What counts as a formula, for the parser (`formulaSyntax`) and for the split into blocks.
 *
 * Dollars and brackets are common in texts without formulas: prices, shell variables, regular
 * expressions, `[\[Unreleased\]]`. So the content decides, too.
 */

/** Longer content is no formula: what is looked through for its end has to end, too. */
const LONGEST = 5_000;
/** Braces inside each other that are looked through for words. */
const DEEPEST = 60;
/** Longer content of an unfinished formula is shown as text while a reply streams. */
const LONGEST_PENDING = 400;
const TEX = /[\\^_={}]/;
/** Names of functions, which stand between letters in formulas. */
const FUNCTIONS = new Set(
  'sin cos tan cot sec csc sinh cosh tanh arcsin arccos arctan log ln lg exp lim max min sup inf mod gcd lcm det dim ker deg arg hom'.split(' '),
);

/** TeX commands with what is in braces behind them, and other groups: words are fine in there. */
const GROUPS = /\\[a-z]+\*?(?:\s*\{[^{}]*\})*|\{[^{}]*\}/gi;

/** The content reads like words of a sentence. */
function isProse(content: string): boolean {
  let bare = content;
  let before = '';
  for (let depth = 0; before !== bare && depth < DEEPEST; depth += 1) {
    before = bare;
    bare = bare.replace(GROUPS, ' ; ');
  }
  if (/^\s*\p{L}{4,}[.,:;!?]?\s*$/u.test(bare)) return true;
  return [...bare.matchAll(/(?<!\p{L})(\p{L}+)\s+(?=(\p{L}{2,}))/gu)].some(
    ([, first = '', second = '']) =>
      first.length + second.length >= 5 && !FUNCTIONS.has(first) && !FUNCTIONS.has(second),
  );
}

/** An amount of money with what it is for: `5 for`, `20k a`. */
const MONEY = /^\d[\d.,]*[kKmMbB]?(?:\s+[a-z]{2,}|\/[a-z]{3,})/;
/** An amount of money, as far as it goes. */
const MONEY_START = /^\d[\d.,]*[kKmMbB]?(?:[\s,.;:)]|$)/;

export type Opener = '$' | '$$' | '\\(' | '\\[';

/** Whether what stands between an opener and its end is a formula. */
export function isFormula(opener: Opener, content: string): boolean {
  if (content.length > LONGEST || content.trim() === '') return false;
  if (opener === '\\[') return TEX.test(content) || (/^\s/.test(content) && /\s$/.test(content));
  if (opener === '$') return !/^\s|\s$/.test(content) && !MONEY.test(content) && !isProse(content);
  return !isProse(content);
}

/** Whether it may become one as the text goes on. */
export function mayBecomeFormula(opener: Opener, content: string): boolean {
  if (content.length > LONGEST_PENDING || isProse(content)) return false;
  if (/\n[ \t>]*\n/.test(content)) return TEX.test(content);
  return opener !== '$' || !(/^\s/.test(content) || MONEY_START.test(content));
}

export interface DisplayFormula {
  /** Behind the formula and the blanks after it; the end of the text for one that is not closed. */
  end: number;
  /** Where the closing `$$` or `\]` stands; null for one that may still come. */
  closing: number | null;
}

/**
 * A formula that has its lines to itself: it begins at `start`, and its last line ends with it.
 *
 * @param place an empty one holds the place of a formula that is still being written
 */
export function displayFormulaAt(text: string, start: number, place = false): DisplayFormula | null {
  const opener = text.slice(start, start + 2);
  if (opener !== '$$' && opener !== '\\[') return null;
  const from = start + 2;
  const within = text.slice(from, from + LONGEST + 2).indexOf(opener === '$$' ? '$$' : '\\]');
  const closing = from + within;
  if (within < 0) {
    return mayBecomeFormula(opener, text.slice(from)) ? { end: text.length, closing: null } : null;
  }
  const rest = /[^ \t]/g;
  rest.lastIndex = closing + 2;
  const end = rest.exec(text)?.index ?? text.length;
  const isAlone = end === text.length || text[end] === '\n';
  const holds = (place && closing === from) || isFormula(opener, text.slice(from, closing));
  return isAlone && holds ? { end, closing } : null;
}
