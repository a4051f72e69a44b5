/**
 * A fenced code block that is a block of its own, read without the Markdown parser: its content is
 * literal, and parsing a long one anew with each piece of a streaming reply would block the page.
 */

/** Its indentation, its marks, and what is written behind them. */
const OPENING = /^( {0,3})(`{3,}|~{3,})[ \t]*([^\n]*)(?:\n|$)/;

export interface Fence {
  code: string;
  language: string;
}

/**
 * @param open the block is still being written: a half-written language or closing fence is left out
 * @returns null when the block is anything else, or more
 */
export function readFence(block: string, open = false): Fence | null {
  const [opening, indent = '', marks = '', info = ''] = OPENING.exec(block) ?? [];
  // An info string with escapes is for the parser.
  if (opening === undefined || /[`\\&]/.test(info)) return null;
  const end = closingFence(block, opening.length, marks);
  if (end && block.slice(end.behind).trim() !== '') return null;
  let body = block.slice(opening.length, end?.start).replace(/\n$/, '');
  if (open && !end) body = withoutHalfEnd(body, marks);
  const hasLanguage = !open || block.includes('\n');
  return {
    code: indent === '' ? body : body.replace(new RegExp(`^ {1,${indent.length}}`, 'gm'), ''),
    language: hasLanguage ? (info.split(/[ \t]/)[0] ?? '').toLowerCase() : '',
  };
}

/** The marks of the fence that the line opens; null when it opens none. */
export function fenceMarks(line: string): string | null {
  const [opening, , marks = '', info = ''] = OPENING.exec(line) ?? [];
  return opening === undefined || (marks.startsWith('`') && info.includes('`')) ? null : marks;
}

/** The line ends a fence that was opened by `marks`. */
export function isFenceEnd(line: string, marks: string): boolean {
  const [, closing = ''] = /^ {0,3}(`{3,}|~{3,})[ \t]*$/.exec(line) ?? [];
  return closing[0] === marks[0] && closing.length >= marks.length;
}

function closingFence(text: string, from: number, marks: string): { start: number; behind: number } | null {
  const closing = new RegExp(`^ {0,3}${marks[0]}{${marks.length},}[ \\t]*$`, 'gm');
  closing.lastIndex = from;
  const match = closing.exec(text);
  return match && { start: match.index, behind: match.index + match[0].length };
}

function withoutHalfEnd(body: string, marks: string): string {
  const start = body.lastIndexOf('\n') + 1;
  const last = body.slice(start).trim();
  const isHalf = last !== '' && last.length < marks.length && marks.startsWith(last);
  return isHalf ? body.slice(0, Math.max(0, start - 1)) : body;
}
