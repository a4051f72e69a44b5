import { render, waitFor } from '@testing-library/react';
import { expect, test } from 'vitest';
import { Code } from './CodeBlock';

test('the lines that a diff adds and removes are tinted, not the names of its files', async () => {
  const code = '--- a/app.py\n+++ b/app.py\n@@ -1 +1 @@\n same\n-old\n+new';
  const { container } = render(<Code code={code} language="diff" />);
  const lines = (tint: string) => [...container.querySelectorAll(`.diff > .${tint}`)].map((line) => line.textContent.trim());
  await waitFor(() => expect(lines('added')).toEqual(['+new']));
  expect(lines('removed')).toEqual(['-old']);
});
