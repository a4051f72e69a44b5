import { describe, expect, it } from 'vitest';
import { splitBlocks, withDefinitions, type Split } from './blocks';

const SAMPLE = '# Title\n\nA paragraph.\n\n- one\n\n- two\n\n```py\nx = 1\n\ny = 2\n```\n\nEnd.';

describe('splitBlocks', () => {
  it('makes one block of a heading, a paragraph, a loose list, a fence', () => {
    const { blocks } = splitBlocks(SAMPLE);
    expect(blocks.map((block) => block.trim().split('\n')[0])).toEqual([
      '# Title',
      'A paragraph.',
      '- one',
      '```py',
      'End.',
    ]);
  });

  it('gives the same blocks when the text came piece by piece', () => {
    for (const step of [1, 3, 7]) {
      let split: Split | undefined;
      for (let end = 0; end < SAMPLE.length + step; end += step) {
        split = splitBlocks(SAMPLE.slice(0, end), split);
      }
      expect(split?.blocks).toEqual(splitBlocks(SAMPLE).blocks);
    }
  });

  it.each([
    'Now:\n\n$$\na = 1\n\n- b\n= c\n$$\n\nEnd.',
    'Now:\n\\[\na_1\n\n\\]\nEnd.\n\nMore.',
    '$$ is the number of the shell\n\n- one\n- two\n\nEnd with $$',
    '```sh\n$$\n\n$$\n```\n\n$$x$$\n\nEnd.',
  ])('and with a display formula in it: %j', (text) => {
    let split: Split | undefined;
    for (let end = 1; end <= text.length; end += 1) split = splitBlocks(text.slice(0, end), split);
    expect(split?.blocks).toEqual(splitBlocks(text).blocks);
  });

  it('keeps every character that is not blank', () => {
    const odd = '- a  \n- [x] \n\n    code\n\n| a |\n|---|\n| 1 |\n\nText\n===\n\n> q\n\n***\n- b\n\n\tx';
    for (let end = 1; end <= odd.length; end++) {
      const text = odd.slice(0, end);
      expect(splitBlocks(text).blocks.join('').replace(/\s/g, '')).toBe(text.replace(/\s/g, ''));
    }
  });

  it('starts over when the text was replaced', () => {
    const first = splitBlocks('one\n\ntwo');
    expect(splitBlocks('three\n\nfour', first).blocks).toEqual(splitBlocks('three\n\nfour').blocks);
  });

  it('carries link definitions to the blocks that may use them', () => {
    const { blocks, definitions } = splitBlocks('See [this][1].\n\nPlain.\n\n[1]: https://example.org\n');
    expect(withDefinitions(blocks[0] ?? '', definitions)).toContain('https://example.org');
    expect(withDefinitions(blocks[1] ?? '', definitions)).not.toContain('https://example.org');
  });

  it('keeps a text with footnotes in one piece', () => {
    expect(splitBlocks('One[^a].\n\nTwo.\n\n[^a]: note').blocks).toHaveLength(1);
  });
});
