import { render } from '@testing-library/react';
import { expect, test } from 'vitest';
import { strings } from '../../strings';
import { LeftOutNote } from './LeftOutNote';

test('what the model did not have is told by its name; else nothing is', () => {
  const { container, rerender } = render(<LeftOutNote metadata={{ left_out: ['top_k', 'mirostat', 'tools'] }} />);
  expect(container.textContent).toBe(strings.optional.leftOut('Top-k, mirostat, and Tools'));
  rerender(<LeftOutNote metadata={{}} />);
  expect(container.textContent).toBe('');
});
