import { render } from '@testing-library/react';
import { expect, test } from 'vitest';
import { MarkedParts } from './MarkedParts';

const PARTS = [
  { text: '今天', marked: false },
  { text: '天气', marked: true },
  { text: ' <b>', marked: false },
];

const marked = (text: string, parts: typeof PARTS | null) => {
  const { container } = render(<MarkedParts text={text} parts={parts} />);
  expect(container.textContent).toBe(text);
  return [...container.querySelectorAll('mark')].map((mark) => mark.textContent);
};

test('marks what the server says, unless the text is another by now', () => {
  expect(marked('今天天气 <b>', PARTS)).toEqual(['天气']);
  expect(marked('Renamed', PARTS)).toEqual([]);
  expect(marked('Recent', null)).toEqual([]);
});
