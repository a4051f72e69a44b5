/**
 * What a reply may ask of the page. A model writes what it likes, and a few kilobytes of nested
 * quotes or of stars keep a parser busy for seconds. So each block is looked through once, in a
 * time that grows with its length alone, before a parser or the browser's layout sees it.
 */

import { holdsHeap } from '../ui/heaps';

/** Characters of one block that is parsed (a fence is not: it may be as long as it likes). */
const LONGEST_BLOCK = 50_000;
/** Characters of markup in one block, and between two blank lines or items of a list. */
const MARKS = 3_000;
const MARKS_TOGETHER = 500;
/** Quotes and lists inside each other. */
const DEPTH = 24;
/** A line end costs as much as a mark: it is an item, a row or a break. */
const LINES = 2_000;
/** Rows of a table are filled up to its widest one. */
const CELLS = 6_000;
const FORMULAS = 300;

const MARK = /[*_~]+|`+|[[<$\\&@]/g;
const FORMULA = /\$|\\[([]/g;
/** What opens quotes and lists at the start of a line. */
const CONTAINERS = /[ \t]*(?:>|[-*+](?=[ \t]|$)|\d{1,9}[.)](?=[ \t]|$))/y;

/** The block is shown as plain text, because laying it out could block the page. */
export function isTooComplex(block: string): boolean {
  if (block.length > LONGEST_BLOCK || holdsHeap(block)) return true;
  if (count(block, FORMULA) > 2 * FORMULAS) return true;
  const lines = block.split('\n');
  if (lines.length > LINES) return true;
  let marks = 0;
  let together = 0;
  let pipes = 0;
  for (const line of lines) {
    const depth = nesting(line);
    if (depth > DEPTH) return true;
    if (depth > 0 || line.trim() === '' || line.startsWith('|')) together = 0;
    const fresh = count(line, MARK) + depth;
    marks += fresh;
    together += fresh;
    if (marks > MARKS || together > MARKS_TOGETHER) return true;
    pipes = Math.max(pipes, count(line, /\|/g));
  }
  return pipes * lines.length > CELLS;
}

/** How many quotes and lists the line may be in. */
function nesting(line: string): number {
  let depth = 0;
  CONTAINERS.lastIndex = 0;
  while (CONTAINERS.test(line)) {
    // An item that is further to the right may be in as many lists more.
    if (depth === 0) depth = Math.floor(/^[ \t]*/.exec(line)![0].replaceAll('\t', '    ').length / 2);
    depth += 1;
    if (depth > DEPTH) break;
  }
  return depth;
}

function count(text: string, pattern: RegExp): number {
  let found = 0;
  pattern.lastIndex = 0;
  while (pattern.test(text)) found += 1;
  return found;
}

/** How many blocks are laid out before others have their turn: by their length, and each costs something. */
const SLICE = 12_000;
const EACH = 250;

/** Where the slice that begins at `start` ends. */
export function sliceEnd(blocks: readonly string[], start: number, slice = SLICE): number {
  let weight = 0;
  let end = start;
  while (end < blocks.length && (end === start || weight < slice)) {
    weight += EACH + blocks[end]!.length;
    end += 1;
  }
  return end;
}
