/**
 * Completes the last block of a streaming reply: closes open markup, and holds back
 * characters that may become markup, so that no raw markup flashes and nothing is laid out twice.
 */
import { parse, postprocess, preprocess } from 'micromark';
import { gfm } from 'micromark-extension-gfm';
import remend from 'remend';
import { formulaSyntax } from './formulaSyntax';

/** `|---|:--:|` or the beginning of it. */
const DELIMITER_START = /^\s*\|?[\s:|-]*$/;
/** A line that may yet become a heading, a list item, a quote, a rule or a fence. */
const UNDECIDED_LINE = /^\s*(?:[-*+_]+|#{1,6}|\d{1,9}[.)]?|>|[`~]{1,3}|={1,}|-{1,})\s*$/;
/** A quote that may yet become a call-out: `> [!NO` and what leads there. */
const UNDECIDED_CALL_OUT = /^\s*>\s*\[!?[A-Za-z]*\]?\s*$/;
/** A list item that may yet become a task: `- [x` and what leads there. */
const UNDECIDED_TASK = /^\s*(?:[-*+]|\d{1,9}[.)])\s+\[[ xX]?\]?\s*$/;

export function mend(block: string): string {
  const { text, restore } = withoutFormulas(block);
  return restore(remend(mendTable(holdBack(text)), { linkMode: 'text-only', katex: false }));
}

const GFM = gfm({ singleTilde: false });
const MAY_HOLD_FORMULAS = /\$|\\(?:[([]|$)/;
/** Characters that stand for a formula; from the private use area, so that hardly any text has them. */
const FIRST_STAND_IN = 0xe000;
const STAND_INS = /[\ue000-\uf8ff]/;
/** A display formula without content holds the place of one that is still being written. */
const PLACE_OF_DISPLAY = '$$$$';

/**
 * Takes the formulas out of a block, because stars and underscores in them are no markup; and the
 * one at its end that is still being written for good.
 */
function withoutFormulas(block: string): { text: string; restore(text: string): string } {
  if (!MAY_HOLD_FORMULAS.test(block) || STAND_INS.test(block)) return { text: block, restore: (text) => text };
  let end = block.length;
  const extension = formulaSyntax({
    source: block,
    onPending: (start) => {
      end = start;
    },
  });
  const options = { extensions: [GFM, extension] };
  const events = postprocess(parse(options).document().write(preprocess()(block, undefined, true)));
  const formulas: string[] = [];
  let text = '';
  let position = 0;
  let held = '';
  for (const [event, { type, start, end: close }] of events) {
    if (event !== 'enter' || (type !== 'formulaText' && type !== 'formulaFlow')) continue;
    text += block.slice(position, start.offset);
    if (start.offset === end && type === 'formulaFlow') held = PLACE_OF_DISPLAY;
    const formula = start.offset === end ? held : block.slice(start.offset, close.offset);
    if (formula !== '') text += String.fromCharCode(FIRST_STAND_IN + formulas.push(formula) - 1);
    position = close.offset;
  }
  text += block.slice(position);
  return {
    text,
    restore: (mended) => mended.replace(new RegExp(STAND_INS, 'g'), (one) => formulas[one.charCodeAt(0) - FIRST_STAND_IN] ?? one),
  };
}

/** Drops a last line, or the last characters, that could still turn into markup. */
function holdBack(block: string): string {
  const start = block.lastIndexOf('\n') + 1;
  const line = block.slice(start);
  if (UNDECIDED_LINE.test(line) || UNDECIDED_TASK.test(line) || UNDECIDED_CALL_OUT.test(line)) return block.slice(0, start);
  // A link whose address is still to come, and three stars of which some have closed.
  const closed = block.replace(/\[([^[\]]+)\]$/, '$1').replace(/\*{3}([^*\n]+)\*{1,2}$/, '***$1***');
  if (closed !== block) return closed;
  // An opener at the very end: `some *`, `see [`, `![`, `<`, and an escape.
  return block.replace(/(?:!?\[|!|<|\\|(?<![\w*_~`])[*_~`]+)$/, '');
}

/** A table is a table from its first cell on: completes the delimiter row that makes it one. */
function mendTable(block: string): string {
  const lines = block.split('\n');
  const header = lines[0] ?? '';
  if (!header.trimStart().startsWith('|') || lines.length > 2) return block;
  if (lines.length === 2 && !DELIMITER_START.test(lines[1] ?? '')) return block;
  const cells = header
    .trim()
    .replace(/^\||\|$/g, '')
    .split(/(?<!\\)\|/);
  const complete = `|${cells.join('|')}|\n|${cells.map(() => '---').join('|')}|`;
  return lines.length === 2 && isWholeDelimiter(lines[1] ?? '', cells.length) ? block : complete;
}

function isWholeDelimiter(line: string, columns: number): boolean {
  const cells = line.trim().replace(/^\||\|$/g, '').split('|');
  return cells.length === columns && cells.every((cell) => /^\s*:?-+:?\s*$/.test(cell));
}
