/**
 * Cuts markdown into its top-level blocks, so that finished ones are rendered once and never again.
 *
 * While a reply grows, only what follows the start of the last block is lexed again: whatever comes
 * later can extend that block (a list, a table, a fence) but none before it.
 */
import { Marked, type TokenizerAndRendererExtension } from 'marked';
import { isOpenFence } from './fence';
import { displayFormulaAt } from './formulas';

export interface Split {
  text: string;
  blocks: readonly string[];
  /** Where in `text` the last block begins: the next split starts there. */
  tailStart: number;
  /** Link definitions met so far; blocks that may use them get them appended. */
  definitions: string;
}

const EMPTY: Split = { text: '', blocks: [], tailStart: 0, definitions: '' };

/** A display formula is one block, whatever its lines look like. */
const DISPLAY_FORMULA: TokenizerAndRendererExtension = {
  name: 'displayFormula',
  level: 'block',
  start(text) {
    for (const { index, 0: indent } of text.matchAll(/^ {0,3}(?=\$\$|\\\[)/gm)) {
      if (displayFormulaAt(text, index + indent.length)) return index;
    }
    return undefined;
  },
  tokenizer(text) {
    const indent = /^ {0,3}/.exec(text)?.[0].length ?? 0;
    const formula = displayFormulaAt(text, indent);
    return formula ? { type: 'displayFormula', raw: text.slice(0, formula.end) } : undefined;
  },
};
const PLAIN = new Marked({ gfm: true });
const WITH_FORMULAS = new Marked({ gfm: true, extensions: [DISPLAY_FORMULA] });
const MAY_HOLD_DISPLAY = /\$\$|\\\[/;

/** Footnotes tie distant blocks together, so such a text stays in one piece. */
const FOOTNOTE = /^\[\^[^\]]+\]:/m;

/**
 * The blocks of `text`, each a piece of it; what lies between them is blank or a link definition.
 * `previous` is the split of an earlier state of the same text: when `text` merely continues it,
 * its finished blocks come back as the same strings.
 */
export function splitBlocks(text: string, previous: Split = EMPTY): Split {
  if (FOOTNOTE.test(text)) return { ...EMPTY, text, blocks: [text] };
  const base = continues(text, previous) ? previous : EMPTY;
  const { spans, definitions } = locate(text, base.tailStart);
  return {
    text,
    blocks: [...base.blocks.slice(0, -1), ...spans.map(([start, end]) => text.slice(start, end))],
    tailStart: spans.at(-1)?.[0] ?? 0,
    definitions: base.definitions + definitions,
  };
}

/** Where the blocks begin and end, from `position` on. */
function locate(text: string, position: number): { spans: [number, number][]; definitions: string } {
  const tail = text.slice(position);
  if (isOpenFence(tail)) return { spans: [[position, text.length]], definitions: '' };
  const markdown = MAY_HOLD_DISPLAY.test(tail) ? WITH_FORMULAS : PLAIN;
  const spans: [number, number][] = [];
  let definitions = '';
  for (const token of markdown.lexer(tail)) {
    if (token.type === 'space') continue;
    // A token's `raw` may differ from the source (a list loses or gains blanks at its end),
    // so that lengths cannot simply be added up.
    const raw = token.raw.trim();
    const start = text.indexOf(raw, position);
    const end = start + raw.length;
    if (start < 0) {
      spans.push([position, text.length]);
      break; // the rest as one block: nothing is lost
    }
    if (token.type === 'def') definitions += token.raw;
    else spans.push([lineStart(text, start), end]);
    position = end;
  }
  const last = spans.at(-1);
  // Trailing blanks belong to the unfinished block: its last line may have ended.
  if (last && definitions === '') last[1] = text.length;
  return { spans, definitions };
}

/** Indented code keeps its indentation. */
function lineStart(text: string, position: number): number {
  const start = text.lastIndexOf('\n', position - 1) + 1;
  return text.slice(start, position).trim() === '' ? start : position;
}

function continues(text: string, previous: Split): boolean {
  return previous.blocks.length > 0 && previous.definitions === '' && text.startsWith(previous.text);
}

/** A block with the link definitions that it may need. */
export function withDefinitions(block: string, definitions: string): string {
  return definitions !== '' && block.includes('[') ? `${block}\n\n${definitions}` : block;
}
