import { expect, test } from 'vitest';
import { markMath, MATH_MARK as M } from './mathSpans';

test.each([
  ['so $a^2$ it', `so \`${M}a^2\` it`],
  ['so \\(a_1\\) it', `so \`${M}a_1\` it`],
  ['in `$x$` code', 'in `$x$` code'],
  ['costs $5 and $10', 'costs $5 and $10'],
  ['costs $5, not US$6', 'costs $5, not US$6'],
  ['escaped \\$x$ y', 'escaped \\$x$ y'],
  ['| $|a|$ |', `| \`${M}\\|a\\|\` |`],
  ['```\n$$\nx\n$$\n```', '```\n$$\nx\n$$\n```'],
  ['no math', 'no math'],
])('%j', (text, expected) => {
  expect(markMath(text, false)).toBe(expected);
});

test.each(['$$\nx = 1\n$$', '$$x = 1$$', '\\[\nx = 1\n\\]', '\\[x = 1\\]'])(
  'a block: %j',
  (text) => {
    expect(markMath(text, false).trim()).toBe('```math\nx = 1\n```');
  },
);

test('one that never ends is text at last', () => {
  expect(markMath('a $b', false)).toBe('a $b');
  expect(markMath('$$\nx', false)).toContain('x');
});

test('no beginning of a text shows a half formula', () => {
  const text = 'Now $\\frac{a}{b}$ and \\(c_1\\), then:\n\n$$\nE = mc^2\n$$\n\nPaid $5 for it.';
  for (let length = 0; length <= text.length; length += 1) {
    const shown = markMath(text.slice(0, length), true);
    const outside = shown.replace(/`[^`]*`|```math[\s\S]*?(?:```|$)/g, '').replace('$5', '');
    expect(outside).not.toMatch(/\$.|\\|frac|mc|c_1/);
  }
});
