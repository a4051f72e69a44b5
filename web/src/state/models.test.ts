import { expect, test } from 'vitest';
import type { ModelList } from '../protocol';
import { learnLabels, modelName, providerName, sameModel, shortName } from './models';

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

test('a reply names its model and its server by the labels of the list', () => {
  const listed = [
    { id: 'said:latest', provider: 'ollama', label: 'said' },
    { id: 'gpu/said:latest', provider: 'gpu', label: 'The sayer' },
  ];
  learnLabels({ results: listed, provider_labels: { gpu: 'GPU box', ollama: 'Olla' } } as unknown as ModelList);
  expect(modelName('said', 'gpu')).toBe('The sayer');
  expect(modelName('said:latest', 'ollama')).toBe('said');
  expect(modelName('gone:latest', null)).toBe('gone');
  expect(['gpu', 'ollama', 'gone'].map(providerName)).toEqual(['GPU box', 'Ollama', 'gone']);
});
