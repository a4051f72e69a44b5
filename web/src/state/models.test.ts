import { expect, test } from 'vitest';
import { sameModel, shortName } from './models';

test('a name is said without the tag that stands for none', () => {
  expect(shortName('llama3.2:latest')).toBe('llama3.2');
  expect(shortName('llama3.2:3b')).toBe('llama3.2:3b');
});

test.each([
  ['/srv/models/x-Q4.gguf', 'x-Q4'],
  ['C:\\models\\x-Q4.gguf', 'x-Q4'],
  ['x-Q4.gguf', 'x-Q4'],
  ['/srv/models/meta/Llama-3', 'Llama-3'],
  ['openai/gpt-4o', 'openai/gpt-4o'],
  ['hf.co/someone/x-GGUF:Q4_K_M', 'hf.co/someone/x-GGUF:Q4_K_M'],
])('%s is shown as %s', (name, shown) => {
  expect(shortName(name)).toBe(shown);
});

test('a name without a tag means the latest', () => {
  expect(sameModel('llama3.2', 'llama3.2:latest')).toBe(true);
  expect(sameModel('llama3.2:3b', 'llama3.2')).toBe(false);
});
