import { expect, it, vi } from 'vitest';

// KaTeX looks at it as it loads; this document has no type.
vi.hoisted(() => Object.defineProperty(document, 'compatMode', { value: 'CSS1Compat' }));

import { setFormula } from './setFormula';

const place = () => document.createElement('span');
const nested = (opening: string, depth: number, middle = 'x', closing = '}') => opening.repeat(depth) + middle + closing.repeat(depth);
const sets = (tex: string) => {
  const element = place();
  const done = setFormula(tex, element, true);
  // What cannot be set leaves nothing behind that a browser has to lay out.
  if (!done) expect(element.childNodes.length).toBe(0);
  return done;
};

it.each([
  String.raw`x = \frac{-b \pm \sqrt{b^2 - 4ac}}{2a}`,
  String.raw`\begin{pmatrix} a & b \\ c & d \end{pmatrix}`,
  String.raw`\newcommand{\mine}{\mathbb{R}} f: \mine \to \mine`,
  nested('\\sqrt{', 30),
])('an honest formula is set: %s', (tex) => {
  expect(sets(tex)).toBe(true);
});

it.each([
  ['roots', nested('\\sqrt{', 150)],
  ['bars', nested('\\bar{', 150)],
  ['fractions', nested('\\frac{1}{', 150)],
  ['superscripts', nested('x^{', 150)],
  ['delimiters', nested('\\left(', 150, 'x', '\\right)')],
  ['colors in a row', `${'\\color{red}'.repeat(150)}x`],
  ['sizes in a row', `${'\\large '.repeat(150)}x`],
  ['definitions', `\\def\\a#1{\\sqrt{#1}}${nested('\\a{', 80)}`],
  ['definitions that double', `\\def\\a{xxxxxxxx}${'\\def\\b{\\a\\a\\a\\a}\\let\\a\\b'.repeat(20)}\\a`],
  ['braces', nested('{', 5_000, 'x')],
  ['letters', 'x+'.repeat(3_000)],
])('%s beyond all measure are not set', (_name, tex) => {
  expect(sets(tex)).toBe(false);
});

it('a definition of one formula is none of the next', () => {
  expect(sets('\\gdef\\mine{x}\\mine')).toBe(true);
  expect(sets('\\mine')).toBe(false);
});
