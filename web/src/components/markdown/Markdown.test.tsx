/** Text as the world writes it: ranges, Chinese and Japanese, control characters, very long lines. */
import { renderToStaticMarkup } from 'react-dom/server';
import * as elements from './elements';
import { describe, expect, it, vi } from 'vitest';

vi.mock('./elements', { spy: true });

import { readFence } from './fence';
import { Markdown } from './Markdown';

function render(text: string, streaming = false): string {
  return renderToStaticMarkup(<Markdown text={text} streaming={streaming} />)
    .replace(/^<div[^>]*>|<\/div>$/g, '')
    .replaceAll(' dir="auto"', '');
}

describe('tildes', () => {
  it('alone are ranges', () => {
    expect(render('5~10 minutes for 20~30 files, H~2~O')).toBe('<p>5~10 minutes for 20~30 files, H~2~O</p>');
  });

  it('in pairs strike out', () => {
    expect(render('~~old~~')).toBe('<p><del>old</del></p>');
  });
});

describe('control characters', () => {
  it('are shown by their names, in words, code and listings', () => {
    const [words, listing] = [render('a\u001bb `c\u0007`'), render('```\nx\u001b[31m\n```')];
    expect(words.replaceAll(/<[^>]*>/g, '')).toBe('aESCb cBEL');
    expect(words).toContain('title="U+001B"');
    expect(listing).toContain('xESC[31m');
  });
});

describe('bold beside Chinese, Japanese and Korean', () => {
  it.each([
    ['这是**「重点」**内容。', '这是<strong>「重点」</strong>内容。'],
    ['**注意：**请看', '<strong>注意：</strong>请看'],
    ['これは**「重要」**です', 'これは<strong>「重要」</strong>です'],
    ['**이것(그것)**은', '<strong>이것(그것)</strong>은'],
    ['snake_case_name and 2*3*4', 'snake_case_name and 2<em>3</em>4'],
  ])('%s', (text, html) => {
    expect(render(text)).toBe(`<p>${html}</p>`);
  });
});

describe('a bare address ends before full-width punctuation', () => {
  it.each([
    ['见 https://a.example/b，然后', 'https://a.example/b', '，然后'],
    ['（https://a.example）', 'https://a.example/', '）'],
    ['www.a.example。', 'http://www.a.example/', '。'],
    ['https://a.example/数学、', 'https://a.example/%E6%95%B0%E5%AD%A6', '、'],
  ])('%s', (text, href, rest) => {
    const html = render(text);
    expect(html.match(/href="([^"]*)"/)?.[1]).toBe(href);
    expect(html.replace(/.*<\/a>|<\/p>/g, '')).toBe(rest);
  });

  it('one in brackets is left as it is', () => {
    expect(render('<https://a.example/，b>')).toContain('href="https://a.example/%EF%BC%8Cb"');
    expect(render('[，](https://a.example/)')).toContain('>，</a>');
  });
});

describe('a fence', () => {
  it('that streams is not parsed again with each piece, however long', () => {
    const parse = vi.mocked(elements.toElements);
    parse.mockClear();
    const text = `\`\`\`js\n${'var a=[1,2];'.repeat(12_500)}`;
    expect(render(text, true)).toContain('var a=[1,2];var');
    expect(parse).not.toHaveBeenCalled();
    render('text', true);
    expect(parse).toHaveBeenCalled();
  });

  it('is read without the parser, as the parser reads it', () => {
    expect(readFence('```py\nx = "$a$"\n\n```\n')).toEqual({ code: 'x = "$a$"\n', language: 'py' });
    expect(readFence('  ~~~~ C++ title\n  a\n   b\n ~~~~')).toEqual({ code: 'a\n b', language: 'c++' });
    expect(readFence('```\nopen')).toEqual({ code: 'open', language: '' });
    expect(readFence('```a`b```')).toBeNull();
    expect(readFence('```\na\n```\nb')).toBeNull();
  });

  it('that is being written hides half its end and half its language', () => {
    expect(readFence('```py\nx\n``', true)).toEqual({ code: 'x', language: 'py' });
    expect(readFence('```pyt', true)).toEqual({ code: '', language: '' });
  });
});
