/** Sets a formula with KaTeX, if it can be set in a bounded time and shown by a browser. */
import { __parse as parse, render } from 'katex';

declare module 'katex' {
  // oxlint-disable-next-line no-underscore-dangle -- its name
  export function __parse(tex: string, options: KatexOptions): unknown;
}

/** Characters; a page of aligned lines has about 2,000. */
const LONGEST = 5_000;
/** With definitions a short formula may stand for a long one. */
const LONGEST_WITH_DEFINITIONS = 1_000;
const DEFINITION = /\\(?:[gex]?def|(?:re)?newcommand|providecommand|(?:future)?let|global|long)(?![a-zA-Z])/;
/**
 * Constructs inside each other. An honest formula has ten; a browser needs memory and time that
 * double with every one, and gives up the whole tab at some 150.
 */
const DEEPEST = 60;
const MOST_NODES = 8_000;

// Formulas come from models: no links, no colors of its own for errors, and nothing endless.
const LIMITS = { trust: false, strict: false, throwOnError: true, maxSize: 40 } as const;
const EXPANSIONS = 500;
const EXPANSIONS_WITH_DEFINITIONS = 100;

/** Builds elements (no markup, so the strict policy holds); false when it does not. */
export function setFormula(tex: string, place: HTMLElement, displayMode: boolean): boolean {
  const defines = DEFINITION.test(tex);
  if (tex.length > (defines ? LONGEST_WITH_DEFINITIONS : LONGEST)) return false;
  const maxExpand = defines ? EXPANSIONS_WITH_DEFINITIONS : EXPANSIONS;
  // Definitions of one formula are not for the next.
  const options = () => ({ ...LIMITS, displayMode, maxExpand, macros: {} });
  try {
    if (!isBounded(parse(tex, options()))) return false;
    render(tex, place, options());
    return true;
  } catch {
    return false;
  }
}

/** The parsed formula is neither too deep nor too large. */
function isBounded(parsed: unknown): boolean {
  let nodes = 0;
  const left: [unknown, number][] = [[parsed, 0]];
  for (let item = left.pop(); item; item = left.pop()) {
    const [value, above] = item;
    if (value === null || typeof value !== 'object') continue;
    // A group in braces is only a list.
    const depth = above + ('type' in value && value.type !== 'ordgroup' ? 1 : 0);
    nodes += 1;
    if (depth > DEEPEST || nodes > MOST_NODES) return false;
    for (const [name, inner] of Object.entries(value)) if (name !== 'loc') left.push([inner, depth]);
  }
  return true;
}
