import { describe, expect, test } from 'vitest';
import { createCssVariablesTheme, createHighlighterCore } from 'shiki/core';
import { createJavaScriptRegexEngine } from 'shiki/engine/javascript';
import { openHighlighter, type LineHighlighter, type Piece } from './highlight';
import { warmUp } from './warmUp';

const LINE = 'def area(radius): return 3.14 * radius ** 2  # of a "circle"';

async function python(): Promise<LineHighlighter> {
  const opened = await openHighlighter('python');
  if (!opened) throw new Error('no grammar');
  return opened;
}

const text = (lines: readonly Piece[][]) =>
  lines.map((line) => line.map((piece) => piece.text).join('')).join('\n');

/** Looks until nothing is left; returns how many looks that took, and the lines. */
function look(highlighter: LineHighlighter, code: string): { looks: number; lines: readonly Piece[][] } {
  for (let looks = 1; ; looks += 1) {
    const lines = highlighter.lines(code, true);
    expect(text(lines)).toBe(code);
    if (!highlighter.behind) return { looks, lines };
  }
}

/** How many patterns were compiled while `work` went on. */
async function compiled(cache: Map<string, unknown>, work: () => unknown): Promise<number> {
  const before = cache.size;
  await work();
  return cache.size - before;
}

test('the first line of a language finds most of its rules compiled', async () => {
  const { default: registrations } = await import('shiki/langs/python.mjs');
  const lookedFor = async (warm: boolean) => {
    const cache = new Map<string, RegExp | Error>();
    const engine = createJavaScriptRegexEngine({ cache });
    if (warm) await warmUp(engine, registrations[0]!);
    const theme = createCssVariablesTheme({ name: 'code' });
    const core = await createHighlighterCore({ themes: [theme], langs: registrations, engine });
    return compiled(cache, () => core.codeToTokensBase(LINE, { lang: 'python', theme: 'code' }));
  };
  const [cold, warm] = [await lookedFor(false), await lookedFor(true)];
  expect(cold).toBeGreaterThan(50);
  expect(warm).toBeLessThan(cold / 2);
});

describe('coloring code', () => {
  test('leaves out a very long line, and goes on behind it', async () => {
    const long = 'x = [1, 2]; '.repeat(12_500);
    const { lines } = look(await python(), `${LINE}\n${long}\n${LINE}`);
    expect(lines.map((line) => line.length)).toEqual([lines[0]!.length, 1, lines[0]!.length]);
    expect(lines[0]!.length).toBeGreaterThan(5);
  });

  test('goes on over several looks, with the same colors as line by line', async () => {
    const code = `"""Many\nlines."""\n\n${`${LINE}\n`.repeat(3_000)}x = """\nopen`;
    const { looks, lines } = look(await python(), code);
    expect(looks).toBeGreaterThan(1);
    const growing = await python();
    const all = code.split('\n');
    for (let end = 1; end <= 40; end += 1) growing.lines(`${all.slice(0, end).join('\n')}\n`, false);
    const grown = look(growing, all.slice(0, 40).join('\n')).lines;
    expect(lines.slice(0, 40)).toEqual(grown);
    expect(lines[1]?.[0]?.color).toBe(lines[0]?.[0]?.color);
    expect(lines.at(-1)?.[0]?.color).toContain('string');
  });

  test('leaves the end of a very long listing plain', async () => {
    const code = 'x = 1\n'.repeat(6_000).trimEnd();
    const { lines } = look(await python(), code);
    expect(lines).toHaveLength(5_001);
    expect(text(lines)).toBe(code);
  });

  test('leaves the line that grows plain, and begins again with other code', async () => {
    const highlighter = await python();
    look(highlighter, LINE);
    const lines = highlighter.lines(`${LINE}\nret`, false);
    expect(lines.at(-1)).toEqual([{ text: 'ret', offset: 0, color: undefined }]);
    expect(text(highlighter.lines('other\n', false))).toBe('other');
    expect(highlighter.lines('', true)).toEqual([]);
  });

  test('knows when it has no grammar', async () => {
    expect(await openHighlighter('brainfuck')).toBeNull();
  });
});
