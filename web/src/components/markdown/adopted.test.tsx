/** A little HTML, call-outs and footnotes: elements of our own, and never an attribute. */
import { renderToStaticMarkup } from 'react-dom/server';
import { describe, expect, it } from 'vitest';
import { Markdown } from './Markdown';

const render = (text: string, streaming = false) =>
  renderToStaticMarkup(<Markdown text={text} streaming={streaming} />)
    .replace(/^<div[^>]*>|<\/div>$/g, '')
    .replaceAll(' dir="auto"', '')
    .replace(/\n/g, '');

describe('HTML', () => {
  it.each([
    ['H<sub>2</sub>O and x<sup>2</sup>', '<p>H<sub>2</sub>O and x<sup>2</sup></p>'],
    ['<kbd>Esc</kbd>, <mark>**a**</mark>, <u>b</u>', '<p><kbd>Esc</kbd>, <mark><strong>a</strong></mark>, <u>b</u></p>'],
    ['a<br>b<br/>c<BR />d', '<p>a<br/>b<br/>c<br/>d</p>'],
    ['<mark style="color:red" onclick="x()">a</mark>', '<p><mark>a</mark></p>'],
    ['a\n\n<br>\n\nb', '<p>a</p><p>b</p>'],
    ['<b>a</b>', '<p>&lt;b&gt;a&lt;/b&gt;</p>'],
    ['<script>alert(1)</script>', '<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>'],
    ['a <sub>b', '<p>a &lt;sub&gt;b</p>'],
    ['a</sub> b', '<p>a&lt;/sub&gt; b</p>'],
    ['<sub>a <u>b</sub> c</u>', '<p><sub>a &lt;u&gt;b</sub> c&lt;/u&gt;</p>'],
    ['`<sub>`', '<p><code>&lt;sub&gt;</code></p>'],
  ])('%j', (text, html) => {
    expect(render(text)).toBe(html);
  });

  it('in a cell breaks the line', () => {
    expect(render('|a|\n|-|\n|1 seat<br>10 chats|')).toContain('<td>1 seat<br/>10 chats</td>');
  });

  it('that is not closed yet is, while it is being written', () => {
    expect(render('a<sub>b', true)).toBe('<p>a<sub>b</sub></p>');
  });

  it.each([
    ['<details>\n<summary>More **of** it</summary>\n\nText\n\n- item\n\n</details>\n\nEnd', 'item</li></ul></details><p>End</p>'],
    ['<details open="x"><summary>More **of** it</summary>\nText\n- item\n</details>', 'item</li></ul></details>'],
  ])('of a fold is a fold: %j', (text, end) => {
    const html = render(text);
    expect(html).toContain('<details><summary>More <strong>of</strong> it</summary><p>Text</p><ul><li>');
    expect(html.endsWith(end)).toBe(true);
  });

  it('of a fold in a fold', () => {
    const html = render('<details>\n<summary>a</summary>\n\n<details>\n<summary>b</summary>\n\nc\n\n</details>\n\nd\n\n</details>');
    expect(html).toBe('<details><summary>a</summary><details><summary>b</summary><p>c</p></details><p>d</p></details>');
  });
});

describe('a call-out', () => {
  it.each(['note', 'tip', 'important', 'warning', 'caution'])('of kind %s', (kind) => {
    const html = render(`> [!${kind.toUpperCase()}]\n> Mind **this**.`);
    expect(html).toContain(`class="callout callout-${kind}"`);
    expect(html).toContain('<p>Mind <strong>this</strong>.</p>');
    expect(html).not.toContain('[!');
  });

  it('is none within a line', () => {
    expect(render('> a [!NOTE] b')).toBe('<blockquote><p>a [!NOTE] b</p></blockquote>');
  });

  it('shows no raw mark while it is being written', () => {
    const text = '> [!NOTE]\n> Mind this.';
    for (let end = 1; end <= text.length; end += 1) expect(render(text.slice(0, end), true)).not.toMatch(/[[\]!>]NOTE/);
  });
});

describe('a footnote', () => {
  const html = (suffix: string) => renderToStaticMarkup(<><Markdown text={`One[^a].\n\n[^a]: ${suffix}`} streaming={false} /></>);

  it('leads there and back', () => {
    const [, target] = /<sup><a class="link" id="[^"]*" href="#([^"]*)"/.exec(html('note')) ?? [];
    expect(target).toBeTruthy();
    expect(html('note')).toContain(`<li id="${target}"`);
    const [, back] = /href="#([^"]*)" aria-label="Back/.exec(html('note')) ?? [];
    expect(html('note')).toContain(`id="${back}"`);
  });

  it('has no id in common with another message', () => {
    const both = renderToStaticMarkup(
      <>
        <Markdown text={'One[^a].\n\n[^a]: x'} streaming={false} />
        <Markdown text={'Two[^a].\n\n[^a]: y'} streaming={false} />
      </>,
    );
    const ids = [...both.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id);
    expect(ids.length).toBe(6);
    expect(new Set(ids).size).toBe(6);
  });
});

describe('structure', () => {
  it('has its headings below those of the page and of the message', () => {
    expect(render('# a\n\n## b\n\n##### c')).toBe(
      '<h3 class="heading-1">a</h3><h3 class="heading-2">b</h3><h6 class="heading-5">c</h6>',
    );
  });

  it('has a direction for each paragraph, item and cell', () => {
    const html = renderToStaticMarkup(<Markdown text={'مرحبا\n\nreply.\n\n- a\n\n|a|\n|-|\n|ب|'} streaming={false} />);
    expect(render('> اقتباس\n>\n> - a')).toContain('<blockquote dir="rtl"><p>اقتباس</p><ul dir="ltr">');
    for (const tag of ['p', 'th', 'td']) expect(html).toMatch(new RegExp(`<${tag}[^>]* dir="auto"`));
  });
});
