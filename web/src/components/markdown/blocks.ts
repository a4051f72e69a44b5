/**
 * Cuts Markdown into blocks, so that finished ones are rendered once and never again. It looks at
 * each line once. Where it is not sure that a block has ended, it goes on: two blocks in one piece
 * look the same, one block in two pieces does not.
 *
 * While a reply grows, only what follows the start of the last block is looked at again: whatever
 * comes later can extend that block (a list, a table, a fence) but none before it.
 */
import { fenceMarks, isFenceEnd } from './fence';
import { displayFormulaAt } from './formulas';

export interface Split {
  text: string;
  blocks: readonly string[];
  /** Where in `text` the next split starts, and how many blocks stay as they are until then. */
  tailStart: number;
  settled: number;
  /** Link definitions met so far; blocks that may use them get them appended. */
  definitions: string;
}

const EMPTY: Split = { text: '', blocks: [], tailStart: 0, settled: 0, definitions: '' };

/** More definitions than these are not looked for: every block that may use them is parsed with them. */
const LONGEST_DEFINITIONS = 10_000;

/** Footnotes tie distant blocks together, so such a text stays in one piece. */
const FOOTNOTE = /^\[\^[^\]\n]+\]:/m;
const DEFINITION = /^ {0,3}\[[^\]\n]+\]:[ \t]*\S/;
const HEADING = /^ {0,3}#{1,6}(?:[ \t]|$)/;
const ITEM = /^ {0,3}(?:[-*+]|\d{1,9}[.)])(?:[ \t]|$)/;
/** HTML that goes on through blank lines, and what ends it. It is shown as text. */
const RAW = [
  [/^ {0,3}<(?:pre|script|style|textarea)(?:[\s>]|$)/i, /<\/(?:pre|script|style|textarea)>/i],
  [/^ {0,3}<!--/, /-->/],
  [/^ {0,3}<\?/, /\?>/],
  [/^ {0,3}<!\[CDATA\[/, /\]\]>/],
] as const;
const DETAILS = /<(\/?)details(?=[\s>])/gi;

/**
 * The blocks of `text`, each a piece of it; what lies between them is blank or a link definition.
 * `previous` is the split of an earlier state of the same text: when `text` merely continues it,
 * its finished blocks come back as the same strings.
 */
export function splitBlocks(text: string, previous: Split = EMPTY): Split {
  if (FOOTNOTE.test(text)) return { ...EMPTY, text, blocks: text.trim() === '' ? [] : [text] };
  const base = continues(text, previous) ? previous : EMPTY;
  const { spans, definitions } = locate(text, base.tailStart);
  const blocks = [...base.blocks.slice(0, base.settled), ...spans.map(([start, end]) => text.slice(start, end))];
  // While its first line grows, a block may still turn out to belong to the one before.
  const lines = spans.length > 1 && !text.slice(...spans.at(-1)!).trimEnd().includes('\n') ? 2 : 1;
  return {
    text,
    blocks,
    tailStart: spans.at(-lines)?.[0] ?? base.tailStart,
    settled: Math.max(0, blocks.length - lines),
    definitions: base.definitions + definitions,
  };
}

/** What a line of the block that is being read may not end. */
interface Inside {
  fence: string | null;
  raw: RegExp | null;
  /** `<details>` that are open. */
  details: number;
  list: boolean;
}

/** Where the blocks begin and end, from `position` on. */
function locate(text: string, position: number): { spans: [number, number][]; definitions: string } {
  const spans: [number, number][] = [];
  let definitions = '';
  let inside: Inside = outside();
  /** The block that is being read, and where its last line with something in it ends. */
  let start = -1;
  let end = position;
  let blank = true;
  const close = () => {
    if (start >= 0) spans.push([start, end]);
    start = -1;
    inside = outside();
  };
  for (let at = position; at < text.length; ) {
    const next = text.indexOf('\n', at) + 1 || text.length;
    const line = text.slice(at, next).replace(/\n$/, '');
    const literal = inside.fence !== null || inside.raw !== null;
    if (!literal && line.trim() === '') {
      blank = true;
      at = next;
      continue;
    }
    const formula = literal ? null : displayFormulaAt(text, at + /^ */.exec(line)![0].length);
    const formulaEnds = formula && (inside.list ? /^\S/ : /^ {0,3}\S/).test(line) && inside.details === 0;
    if (!literal && (formulaEnds || begins(line, inside, blank))) close();
    if (start < 0) {
      if (!literal && DEFINITION.test(line) && definitions.length < LONGEST_DEFINITIONS) {
        definitions += `${line}\n`;
        blank = true;
        at = next;
        continue;
      }
      start = at;
    }
    blank = false;
    end = formula ? formula.end : at + line.length;
    at = formula ? text.indexOf('\n', formula.end) + 1 || text.length : next;
    if (formulaEnds || (!formula && read(line, inside))) close();
  }
  close();
  const last = spans.at(-1);
  // Trailing blanks belong to the unfinished block: its last line may have ended.
  if (last && definitions === '') last[1] = text.length;
  return { spans, definitions };
}

function outside(): Inside {
  return { fence: null, raw: null, details: 0, list: false };
}

/** A new block begins with this line. */
function begins(line: string, inside: Inside, afterBlank: boolean): boolean {
  if (inside.details > 0) return false;
  if (inside.list) {
    if (/^[ \t]/.test(line) || ITEM.test(line)) return false;
    return afterBlank || HEADING.test(line) || fenceMarks(line) !== null;
  }
  if (HEADING.test(line) || fenceMarks(line) !== null) return true;
  // Indented code goes on after a blank line.
  return afterBlank && !/^(?: {4}|\t)/.test(line);
}

/** Takes note of what the line opens and closes; true when the block ends with it. */
function read(line: string, inside: Inside): boolean {
  if (inside.fence !== null) {
    if (!isFenceEnd(line, inside.fence)) return false;
    inside.fence = null;
    return inside.details === 0;
  }
  if (inside.raw !== null) {
    if (inside.raw.test(line)) inside.raw = null;
    return false;
  }
  inside.fence = inside.list ? null : fenceMarks(line);
  if (inside.fence !== null) return false;
  for (const [, closing] of line.matchAll(DETAILS)) inside.details = Math.max(0, inside.details + (closing ? -1 : 1));
  const raw = RAW.find(([begin]) => begin.test(line));
  if (raw && !raw[1].test(line)) inside.raw = raw[1];
  inside.list ||= ITEM.test(line);
  return HEADING.test(line) && inside.details === 0 && !inside.list;
}

function continues(text: string, previous: Split): boolean {
  return previous.blocks.length > 0 && previous.definitions === '' && text.startsWith(previous.text);
}

/** A block with the link definitions that it names. */
export function withDefinitions(block: string, definitions: string): string {
  if (definitions === '' || !block.includes('[')) return block;
  const text = block.toLowerCase();
  const named = definitions.split('\n').filter((line) => text.includes(`[${labelOf(line)}]`));
  return named.length === 0 ? block : `${block}\n\n${named.join('\n')}`;
}

function labelOf(definition: string): string {
  return definition.slice(definition.indexOf('[') + 1, definition.indexOf(']:')).toLowerCase();
}
