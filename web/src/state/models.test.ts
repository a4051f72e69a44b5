import { expect, test } from 'vitest';
import { sameModel, shortName } from './models';

test('a name is said without the tag that stands for none', () => {
  expect(shortName('llama3.2:latest')).toBe('llama3.2');
  expect(shortName('llama3.2:3b')).toBe('llama3.2:3b');
});

test('a name without a tag means the latest', () => {
  expect(sameModel('llama3.2', 'llama3.2:latest')).toBe(true);
  expect(sameModel('llama3.2:3b', 'llama3.2')).toBe(false);
});
