import { renderToStaticMarkup } from 'react-dom/server';
import { describe, expect, it } from 'vitest';
import { Markdown } from './Markdown';
import { mend } from './mend';

const SAMPLE = `## Groups of **words**

Here is *how*, with \`code\`, ~~old~~ and a [link](https://example.org/a_b?c=1).

- first **bold** item
- second _item_ with \`x * y\`
  - nested

1. one
2. two

| Name | Value |
|------|:-----:|
| \`a\` | **1** |
| b | 2 |

> A quote.

\`\`\`python
def f(*args):
    return [x ** 2 for x in args]
\`\`\`

- [ ] open
- [x] done

Done: ***both*** & 2 < 3.
`;

function render(text: string, streaming = false): string {
  return renderToStaticMarkup(<Markdown text={text} streaming={streaming} />).replace(' data-grows="true"', '');
}

/** The visible text outside code. */
function visible(html: string): string {
  return html
    .replace(/<pre[\s\S]*?<\/pre>/g, '')
    .replace(/<code[\s\S]*?<\/code>/g, '')
    .replace(/<[^>]+>/g, '\n')
    .replaceAll('&lt;', '<')
    .replaceAll('&amp;', '&');
}

describe('a reply that is being written', () => {
  it('shows no raw markup at any of its prefixes', () => {
    const junk = /[*`~[\]|]|^#|^\s*[-_=]+\s*$|https:/m;
    const bad: string[] = [];
    for (let end = 1; end <= SAMPLE.length; end++) {
      const text = visible(render(SAMPLE.slice(0, end), true));
      if (junk.test(text)) bad.push(JSON.stringify([SAMPLE.slice(Math.max(0, end - 30), end), junk.exec(text)?.[0]]));
    }
    expect(bad).toEqual([]);
  }, 60_000); // hundreds of renderings: a busy machine needs more than the usual five seconds

  it('ends as the same text that is shown when nothing streams', () => {
    expect(render(SAMPLE, true)).toBe(render(SAMPLE));
  });

  it('is a table from its first row on', () => {
    expect(mend('| a | b')).toBe('| a | b|\n|---|---|');
    expect(mend('| a | b |\n|--')).toBe('| a | b |\n|---|---|');
  });
});

describe('what a model may not do', () => {
  it('renders no HTML', () => {
    const html = render('<img src=x onerror=alert(1)>\n\n<script>alert(1)</script> and <b>bold</b>');
    expect(html).not.toMatch(/<(img|script|b)\b/);
    expect(html).toContain('&lt;b&gt;');
  });

  it('links only to http, https and mailto, in a new tab', () => {
    const html = render('[a](javascript:alert(1)) [b](data:text/html,x) [c](https://example.org) [d](/signout/)');
    expect(html.match(/href="[^"]*"/g)).toEqual(['href="https://example.org/"']);
    expect(html).toContain('target="_blank" rel="noopener noreferrer"');
  });

  it('loads no image', () => {
    const html = render('![a chart](https://example.org/pixel.png?secret=1)');
    expect(html).not.toContain('<img');
    expect(html).toContain('a chart');
    expect(html).toContain('example.org');
  });
});
