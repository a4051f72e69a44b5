/**
 * Completes the last block of a streaming reply: closes open markup, and holds back
 * characters that may become markup, so that no raw markup flashes and nothing is laid out twice.
 */
import remend from 'remend';

/** `|---|:--:|` or the beginning of it. */
const DELIMITER_START = /^\s*\|?[\s:|-]*$/;
/** A line that may yet become a heading, a list item, a quote, a rule or a fence. */
const UNDECIDED_LINE = /^\s*(?:[-*+_]+|#{1,6}|\d{1,9}[.)]?|>|[`~]{1,3}|={1,}|-{1,})\s*$/;
/** A list item that may yet become a task: `- [x` and what leads there. */
const UNDECIDED_TASK = /^\s*(?:[-*+]|\d{1,9}[.)])\s+\[[ xX]?\]?\s*$/;
const INSIDE_FENCE = /^\s*(`{3,}|~{3,})/;

export function mend(block: string): string {
  if (INSIDE_FENCE.test(block)) return mendFence(block);
  return remend(mendTable(holdBack(block)), { linkMode: 'text-only', katex: false });
}

/** A half-written closing fence would show as a line of code. */
function mendFence(block: string): string {
  const fence = INSIDE_FENCE.exec(block)?.[1] ?? '```';
  const lines = block.split('\n');
  const last = lines.at(-1)?.trim() ?? '';
  const half = lines.length > 1 && last.length < fence.length && last !== '' && fence.startsWith(last);
  if (half) return lines.slice(0, -1).join('\n');
  // Until its line ends, the language may be half a word.
  return lines.length === 1 ? fence : block;
}

/** Drops a last line, or the last characters, that could still turn into markup. */
function holdBack(block: string): string {
  const start = block.lastIndexOf('\n') + 1;
  const line = block.slice(start);
  if (UNDECIDED_LINE.test(line) || UNDECIDED_TASK.test(line)) return block.slice(0, start);
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
