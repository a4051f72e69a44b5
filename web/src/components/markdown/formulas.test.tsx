import { array, assert, constantFrom, pre, property, string } from 'fast-check';
import { renderToStaticMarkup } from 'react-dom/server';
import { describe, expect, it, vi } from 'vitest';
import { Markdown } from './Markdown';

// The formula's source between marks that no text has: « » in a line, ‹ › in display style.
vi.mock('./Formula', () => ({
  FormulaToCome: () => null,
  Formula: ({ tex, block, display = block }: { tex: string; block?: boolean; display?: boolean }) => (
    <i>{display ? `‹${tex}›` : `«${tex}»`}</i>
  ),
}));
// What Copy puts on the clipboard.
vi.mock('../ui/CopyButton', () => ({ CopyButton: ({ text }: { text: string }) => <u data-copy={JSON.stringify(text)} /> }));

function render(text: string, streaming = false): string {
  return renderToStaticMarkup(<Markdown text={text} streaming={streaming} />).replace(' data-grows="true"', '');
}

function unescape(html: string): string {
  return html
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#x27;', "'")
    .replaceAll('&amp;', '&');
}

/** What a reader sees. */
const visible = (html: string) => unescape(html.replace(/<[^>]*>/g, '')).trim();
const shown = (text: string) => visible(render(text));
const copied = (text: string) =>
  [...render(text).matchAll(/data-copy="([^"]*)"/g)].map(([, json]) => JSON.parse(unescape(json!)) as string);

describe('a formula', () => {
  it.each([
    ['so $a^2$ it', 'so «a^2» it'],
    ['so \\(a_1\\) it', 'so «a_1» it'],
    ['$x$, $y$ and ($z$)', '«x», «y» and («z»)'],
    ['so $$a + b$$ it', 'so «a + b» it'],
    ['so $a*b*c$ and $d_1_e$ it', 'so «a*b*c» and «d_1_e» it'],
    ['**so $a^2$**', 'so «a^2»'],
    ['$\\text{if } x \\text{ holds for all}$', '«\\text{if } x \\text{ holds for all}»'],
    ['$O(n \\log n)$ or $n log n$', '«O(n \\log n)» or «n log n»'],
    ['$a\\$b$', '«a\\$b»'],
    ['$$\nx = 1\n$$', '‹x = 1›'],
    ['$$x = 1$$', '‹x = 1›'],
    ['\\[\nx = 1\n\\]', '‹x = 1›'],
    ['\\[x = 1\\]', '‹x = 1›'],
    ['Text:\n$$\nx\n$$\nmore', 'Text:‹x›more'],
    ['$$\na\n\n- b\n= c\n$$\n\nEnd', '‹a\n\n- b\n= c›End'],
    ['1. So \\[ a^2 \\]', 'So ‹a^2›'],
    ['1. So\n   $$\n   a^2\n   $$\n2. End', 'So\n‹a^2›\nEnd'],
    ['> $$\n> a^2\n> $$', '‹a^2›'],
    ['So \\[ x \\] it', 'So ‹x› it'],
    ['| a |\n|---|\n| $x^2$ |', 'a«x^2»'],
  ])('%j', (text, expected) => {
    expect(shown(text).replace(/\n+/g, '\n')).toBe(expected.replace(/\n+/g, '\n'));
  });
});

describe('no formula', () => {
  it.each([
    'costs $5 and $10',
    'costs $5, not US$6, and 7$ or $8-$9',
    '$5 per seat or 10$',
    '$20k a year against 30$',
    'set $HOME/bin:$HOME and $PATH:$HOME.',
    'https://a.example/?q=$x$&r=$y$',
    'never ends: a $b',
    '$$ is the shell’s own number',
    '$$ is one, and the other is $$',
    'a $ b $ c',
  ])('%j', (text) => {
    expect(shown(text)).toBe(text);
  });

  it.each([
    ['escaped \\$x$ y', 'escaped $x$ y'],
    ['[\\[Unreleased\\]] and \\[x\\]', '[[Unreleased]] and [x]'],
    ['\\(see below\\) and \\(optional\\)', '(see below) and (optional)'],
    ['in `$x$` code', 'in $x$ code'],
    ['[a](https://a.example/$b$/c)', 'a'],
  ])('%j', (text, expected) => {
    expect(shown(text)).toBe(expected);
  });

  it('an address keeps its dollars', () => {
    expect(render('[a](https://a.example/$b$/c)')).toContain('href="https://a.example/$b$/c"');
  });
});

describe('a formula that is being written', () => {
  const text =
    'Now $\\frac{a}{b}$ and \\(c_1\\) **so $d*e$**, then:\n\n$$\nE = mc^2\n$$\n\n- \\[ f_1\n  \\]\n\nPaid $5 for it.';

  it('shows no half of itself, and no raw markup', () => {
    const bad: string[] = [];
    for (let end = 1; end <= text.length; end += 1) {
      const seen = visible(render(text.slice(0, end), true)).replace(/[«‹][^»›]*[»›]/g, '').replace(/\$5?$|\$5\b/, '');
      if (/[$*\\[\]]|frac|mc|c_1|d\*|f_/.test(seen)) bad.push(JSON.stringify([text.slice(0, end).slice(-20), seen]));
    }
    expect(bad).toEqual([]);
  });

  it('ends as the text that is shown when nothing streams', () => {
    expect(render(text, true)).toBe(render(text));
  });

  it.each([
    '$$ is the shell’s own number.\n\nIt is kept in a variable.',
    '$$\nkill it with the other command\n\n- one\n- two',
    'It costs $5 and the rest of the sentence stays in view',
    '\\[ is an escape, and \\( is one too: nothing is hidden here',
  ])('hides nothing else: %j', (written) => {
    const words = (seen: string) => seen.replace(/[^\p{L}]+/gu, ' ').trim();
    expect(words(visible(render(written, true)))).toBe(words(shown(written)));
  });
});

describe('any text', () => {
  const piece = constantFrom('$', '$$', '\\(', '\\)', '\\[', '\\]', '\n', '\n\n', '- ', '> ', '  ', '`', '```\n', '|', 'x', 'word ', '\\', '^', '中');
  const text = array(piece, { maxLength: 30 }).map((pieces) => pieces.join(''));

  it('is drawn, as it streams and at its end', () => {
    assert(property(text, (written) => {
      for (const streaming of [true, false]) expect(render(written, streaming)).toContain('class="prose"');
    }));
  });

  it('without an opener of a formula is drawn as if there were none', () => {
    const plain = text.map((written) => written.replaceAll('$', '').replaceAll('\\(', '').replaceAll('\\[', ''));
    assert(property(plain, (written) => {
      expect(render(written)).not.toMatch(/[«‹]/);
    }));
  });
});

describe('what Copy gives is what the model wrote', () => {
  const line = string({ unit: constantFrom(...'$\\()[]{}`~*_=|<>&#-+.!x1 \t"\'«é中') });
  const code = array(line, { maxLength: 5 }).map((lines) => lines.join('\n'));
  const fence = '`'.repeat(30);

  it('in a fence', () => {
    assert(property(code, (written) => {
      expect(copied(`Before $a$\n\n${fence}sh\n${written}\n${fence}\n\n$$\nx\n$$`)).toEqual([written]);
    }));
  });

  it('in a fence in a list and in a quote', () => {
    assert(property(code, (written) => {
      const lines = [`${fence}sh`, ...written.split('\n'), fence];
      expect(copied(`- Do $a$:\n\n${lines.map((one) => `  ${one}`).join('\n')}`)).toEqual([written]);
      expect(copied(lines.map((one) => `> ${one}`).join('\n'))).toEqual([written]);
    }));
  });

  it('in indented code', () => {
    assert(property(line, (written) => {
      pre(written.trim() !== '');
      expect(copied(`Before $a$\n\n    x${written}`)).toEqual([`x${written}`]);
    }));
  });
});
