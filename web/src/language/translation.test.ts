import { afterEach, expect, test, vi } from 'vitest';

const load = async (name: string) => {
  const module = await import('./translation');
  await module.loadTranslation(name);
  return module.translated;
};

afterEach(() => vi.resetModules());

test('texts come from the catalogue; what it does not have is English', async () => {
  const translated = await load('de');
  const texts = {
    untitled: 'New chat',
    versions: { place: (at: string, count: string) => `Version ${at} of ${count}` },
    palette: 'Nothing of the kind',
    demo: { steps: ['One', 'Two', 'Three', 'Four'] },
  };
  const german = translated('strings', texts);
  expect(german.untitled).toBe('Neuer Chat');
  expect(german.versions.place('1', '2')).toBe('Version 1 von 2');
  expect(german.palette).toBe('Nothing of the kind');
  expect(german.demo.steps[1]).toMatch(/^Laden/);
  expect(german.demo.steps[3]).toBe('Four');
});

test('English, and a language that is not there, change nothing', async () => {
  const translated = await load('tlh');
  const texts = { untitled: 'New chat' };
  expect(translated('strings', texts)).toBe(texts);
});
