import { render } from '@testing-library/react';
import { expect, test } from 'vitest';
import { Marked } from './Marked';

const marked = (text: string, query: string) => {
  const { container } = render(<Marked text={text} query={query} />);
  expect(container.textContent).toBe(text);
  return [...container.querySelectorAll('mark')].map((mark) => mark.textContent);
};

test('marks the words, whatever their case, and reads signs as signs', () => {
  expect(marked('Lighthouses and their lenses', 'LENS light')).toEqual(['Light', 'lens']);
  expect(marked('a.b <b>c</b>', '.*(<b>')).toEqual(['b', 'b', 'b']);
  expect(marked('Straße über', 'ÜBER')).toEqual(['über']);
  expect(marked('nothing', '  ')).toEqual([]);
});
