import { expect, test } from 'vitest';
import { toJson } from './json';

test('half a surrogate pair becomes U+FFFD, a whole one stays', () => {
  expect(toJson({ content: 'a\ud83d b \ude00 \ud83d\ude00', list: ['\ud800'] })).toBe(
    '{"content":"a\ufffd b \ufffd 😀","list":["\ufffd"]}',
  );
});
