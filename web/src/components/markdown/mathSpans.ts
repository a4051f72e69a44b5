/**
 * Finds formulas and writes them as code, which the markdown parser leaves alone: block ones as a
 * fence of the language `math`, those in a line as code that begins with a mark of our own.
 *
 * What is still being written gives what it will give later, or nothing: no formula shows half.
 */

/** Begins a formula in a line; from the private use area, so that no text has it. */
export const MATH_MARK = '\uE0FA';
/** The language of a block formula. */
export const MATH_LANGUAGE = 'math';

/** A formula in a line that has no end yet is held back for so many characters; then it is text. */
const PATIENCE = 160;

const FENCE = /^\s{0,3}(`{3,}|~{3,})/;
const BLOCK_START = /^(\s*)(\$\$|\\\[)(.*)$/;

/** @param streaming more may come */
export function markMath(text: string, streaming: boolean): string {
  if (!/\$|\\[([]/.test(text)) return text;
  const out: string[] = [];
  let fence = '';
  let block: { end: string; indent: string; lines: string[] } | null = null;
  const lines = text.split('\n');
  for (const [index, line] of lines.entries()) {
    if (block) {
      const at = line.indexOf(block.end);
      if (at < 0) block.lines.push(line);
      else {
        out.push(...asFence(block.indent, [...block.lines, line.slice(0, at)]), line.slice(at + 2).trim());
        block = null;
      }
      continue;
    }
    const mark = FENCE.exec(line)?.[1];
    if (fence !== '') {
      if (mark?.startsWith(fence) && line.trim() === mark) fence = '';
      out.push(line);
      continue;
    }
    if (mark) fence = mark;
    const start = mark ? null : BLOCK_START.exec(line);
    if (!start) {
      out.push(mark ? line : markLine(line, streaming && index === lines.length - 1));
      continue;
    }
    const [, indent = '', opener = '', rest = ''] = start;
    const end = opener === '$$' ? '$$' : '\\]';
    const at = rest.indexOf(end);
    if (at >= 0) out.push(...asFence(indent, [rest.slice(0, at)]), rest.slice(at + 2).trim());
    else block = { end, indent, lines: [rest] };
  }
  // Open: while it streams, an empty frame; for good, what was written.
  if (block && streaming) out.push('', `${block.indent}\`\`\`${MATH_LANGUAGE}`);
  else if (block) out.push(...block.lines);
  return out.join('\n');
}

function asFence(indent: string, lines: string[]): string[] {
  const body = lines.map((line) => line.trim()).filter((line) => line !== '');
  const fenced = [`\`\`\`${MATH_LANGUAGE}`, ...body, '```'];
  return ['', ...fenced.map((line) => indent + line)];
}

/** Code first, so that what is in it stays; then `\(…\)`, `$$…$$`, `$…$`. */
const SPANS =
  /(`+)(?!`)[\s\S]*?[^`]\1(?!`)|\\\((.+?)\\\)|\$\$([^$]+?)\$\$|(?<![\\$\w])\$(?![\s$])((?:[^$\\]|\\.)*?)(?<!\s)\$(?![\d$])/g;
const OPEN_END = /(?:\\\((?:(?!\\\)).)*|\\|(?<![\\$\w])\$\$?(?!\s)[^$`]*)$/;
/** An amount of money, as far as it goes. */
const MONEY = /^\$\d[\d.,]*(?:\s|[a-z]|$)/i;

function markLine(line: string, open: boolean): string {
  const marked = line.replace(SPANS, (all, code, round, double, single) => {
    if (code) return all;
    const formula = String(round ?? double ?? single ?? '');
    return formula.trim() === '' ? all : asCode(formula, line.trimStart().startsWith('|'));
  });
  if (!open) return marked;
  const tail = OPEN_END.exec(marked)?.[0] ?? '';
  if (tail === '' || tail.length > PATIENCE || (MONEY.test(tail) && tail.length > 1)) return marked;
  return marked.slice(0, -tail.length);
}

function asCode(formula: string, inTable: boolean): string {
  const ticks = formula.includes('`') ? '``' : '`';
  const body = inTable ? formula.replaceAll('|', '\\|') : formula;
  return `${ticks}${MATH_MARK}${body.trim()}${ticks}`;
}
