import { expect, it } from 'vitest';
import { withoutConfiguration } from './source';

it.each([
  ['graph TD\nA-->B', 'graph TD\nA-->B'],
  ['graph TD\n%% a comment\nA-->B', 'graph TD\n%% a comment\nA-->B'],
  ['%%{init: {"theme": "dark"}}%%\ngraph TD', '\ngraph TD'],
  ['%%{init: {\n  "themeCSS": "x"\n}}%%\ngraph TD', '\ngraph TD'],
  ['---\nconfig:\n  theme: dark\n---\ngraph TD', 'graph TD'],
  ['\n---\r\ntitle: A\r\n---\r\ngraph TD', 'graph TD'],
  ['---\na: 1\n---\n---\nconfig:\n  look: x\n---\ngraph TD', 'graph TD'],
  ['%%%%{a}%%{init: {"x": 1}}%%\ngraph TD', '\ngraph TD'],
])('%j', (source, rest) => {
  expect(withoutConfiguration(source)).toBe(rest);
});

it('half a directive configures nothing', () => {
  expect(withoutConfiguration('graph TD\n%%{init: {"theme": "dark"\nA-->B')).not.toMatch(/%%\s*\{/);
});
