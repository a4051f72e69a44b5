/** Texts that would keep a page busy for seconds or end it: each is laid out in bounded pieces, or as it is. */
import { renderToStaticMarkup } from 'react-dom/server';
import { describe, expect, it } from 'vitest';
import { splitBlocks } from './blocks';
import { toElements } from './elements';
import { isTooComplex, sliceEnd } from './limits';
import { Markdown } from './Markdown';

const repeat = (piece: string) => (length: number) => piece.repeat(Math.ceil(length / piece.length)).slice(0, length);
const numbered = (piece: (n: number) => string) => (length: number) => {
  let text = '';
  for (let n = 0; text.length < length; n += 1) text += piece(n);
  return text;
};

/** By what it is made of, and the text at a length. */
const TEXTS: Record<string, (length: number) => string> = {
  emphasis: repeat('*a '),
  'tight emphasis': repeat('*a**b'),
  'two kinds of emphasis': repeat('*a_ '),
  strikes: repeat('~~a~~ '),
  'stars on accents': repeat('*\u0301'),
  brackets: repeat('['),
  'brackets in brackets': (length) => '['.repeat(length / 2) + ']'.repeat(length / 2),
  links: repeat('[a](https://b.example) '),
  'open links': repeat('[a](b'),
  images: repeat('![a](https://b.example/c.png) '),
  'bare addresses': repeat('https://a.example/b '),
  'e-mail addresses': repeat('a@b.example '),
  'half an e-mail address': repeat('a+b_'),
  definitions: repeat('[a]: /b\n'),
  'definitions that are used': numbered((n) => `[a${n}]: /b\n\n[a${n}] text\n\n`),
  quotes: repeat('>'),
  'quotes with blanks': repeat('> '),
  'quotes line by line': numbered((n) => `${'>'.repeat(n)} a\n`),
  'a lazy quote': (length) => `${'> '.repeat(20)}a\n${repeat('b\n')(length)}`,
  lists: repeat('- '),
  numbers: repeat('1. '),
  'lists in lists': numbered((n) => `${'  '.repeat(n)}- a\n`),
  'lists in quotes': repeat('> - '),
  items: repeat('- a\n'),
  'loose items': repeat('- a\n\n'),
  tasks: repeat('- [ ] a\n'),
  accents: (length) => `a${'\u0301'.repeat(length - 1)}`,
  backticks: numbered((n) => `${'`'.repeat(n + 1)} `),
  comments: repeat('<!--'),
  tags: repeat('<b>'),
  subscripts: repeat('<sub>'),
  folds: repeat('<details>'),
  entities: repeat('&amp;'),
  'a wide table': (length) => `|${repeat('a|')(length / 2)}\n|${repeat('-|')(length / 2)}\n`,
  'a table to be filled up': (length) => `|${repeat('a|')(length / 4)}\n|${repeat('-|')(length / 4)}\n${repeat('|\n')(length / 2)}`,
  rows: (length) => `|a|b|\n|-|-|\n${repeat('|a|b|\n')(length)}`,
  headings: repeat('# a\n'),
  rules: repeat('---\n'),
  'line breaks': repeat('a\n'),
  footnotes: numbered((n) => `a[^${n}]\n\n[^${n}]: b\n`),
  'references to one footnote': (length) => `[^1]: a\n\n${repeat('[^1] ')(length)}`,
  fences: repeat('```\na\n```\n'),
  dollars: repeat('$'),
  formulas: repeat('$x$ '),
  'open display formulas': repeat('$$x^2\n'),
  'open round formulas': repeat('\\(a '),
  'open square formulas': repeat('\\[\na\n'),
  'braces in a formula': (length) => `$${'{'.repeat(length / 2)}${'}'.repeat(length / 2)}$`,
  'a chapter': repeat('Some *plain* words of a `book`, with [links](https://a.example).\n\n'),
};
const LENGTHS = [8_000, 200_000];
const CASES = Object.entries(TEXTS).flatMap(([name, make]) => LENGTHS.map((length) => [name, length, make] as const));

const count = (text: string, pattern: RegExp) => text.match(pattern)?.length ?? 0;

describe('a hostile text', () => {
  it.each(CASES)('of %s, %i characters, comes in bounded pieces', (_name, length, make) => {
    const { blocks } = splitBlocks(make(length));
    for (let start = 0; start < blocks.length; ) {
      const end = sliceEnd(blocks, start);
      const parsed = blocks.slice(start, end).filter((block) => !isTooComplex(block));
      // The work of a slice is bounded by these, each of which the parser looks at in its own way.
      expect(parsed.join('').length).toBeLessThanOrEqual(62_000);
      expect(end - start).toBeLessThanOrEqual(50);
      for (const block of parsed) {
        expect(count(block, /[[<$]|[*_~`]+/g)).toBeLessThanOrEqual(3_000);
        expect(count(block, /\n/g)).toBeLessThan(2_000);
      }
      start = end;
    }
  });

  it.each(Object.entries(TEXTS))('of %s is drawn, as it streams and when it is complete', (_name, make) => {
    for (const streaming of [true, false]) {
      expect(renderToStaticMarkup(<Markdown text={make(8_000)} streaming={streaming} />)).not.toBe('');
    }
  });

  it.each(['quotes with blanks', 'accents', 'two kinds of emphasis', 'a table to be filled up'])(
    'of %s is shown as it is, with a word',
    (name) => {
      expect(renderToStaticMarkup(<Markdown text={TEXTS[name]!(200_000)} streaming={false} />)).toContain('Too complex to format');
    },
  );
});

it.each([
  ['text', (heap: string) => heap],
  ['code', (heap: string) => `\`\`\`\n${heap}\n\`\`\``],
])('a letter with thousands of accents is cut, in %s', (_name, make) => {
  const html = renderToStaticMarkup(<Markdown text={make(`a${'\u0301'.repeat(8_000)}`)} streaming={false} />);
  expect(html).not.toMatch(/\p{M}{33}/u);
  expect(html).toContain('\u0301…');
});

it('blocks one by one look as the whole text does', () => {
  const texts = [
    'a\n# b\nc\n\n    code\n\n    more\n\nd',
    '- a\n\n  b\n\n- c\n# d\n\n1. e\n\n   f\n\ng',
    '- a\n```\ncode\n\n- no item\n```\nb',
    '> a\nb\n\n> c\n```\nd\n```',
    'a\n```x`y``` z\n\nb',
    '<!-- a\n\n**b** -->\n\nc',
    '<details>\n<summary>a</summary>\n\nb\n\n- c\n\n</details>\n\nd',
    'Title\n===\n\ntext\n---\n\n***\n\nend',
  ];
  const components = {};
  const html = (text: string) => renderToStaticMarkup(<>{toElements(text, { components, open: false, prefix: '' })}</>).replace(/\n/g, '');
  for (const text of texts) {
    const { blocks } = splitBlocks(text);
    expect(blocks.length).toBeGreaterThan(1);
    expect(blocks.map(html).join('')).toBe(html(text));
  }
});
