/** Each catalogue has every text, in the form that its language needs. */
import { expect, test } from 'vitest';
import { IntlMessageFormat } from 'intl-messageformat';
import { aroundStrings } from '../strings/around';
import { fileStrings } from '../strings/files';
import { strings } from '../strings';
import { createMessage } from './messages';
import type { Catalogue } from './translation';

const ENGLISH = { strings, around: aroundStrings, files: fileStrings };
const catalogues = import.meta.glob<Catalogue>('./catalogues/*.json', { eager: true, import: 'default' });
const languages = Object.entries(catalogues).map(([path, catalogue]) => {
  const [language = ''] = /[\w-]+(?=\.json$)/.exec(path) ?? [];
  return [language, catalogue] as const;
});

/** Path and text of every leaf. */
function* leaves(tree: unknown, path = ''): Generator<[string, unknown]> {
  if (typeof tree !== 'object' || tree === null) return yield [path, tree];
  for (const [name, entry] of Object.entries(tree)) yield* leaves(entry, path === '' ? name : `${path}.${name}`);
}

interface Part {
  type: number;
  value?: string;
  options?: Record<string, { value: Part[] }>;
}

/** Which arguments a message has, and the plurals that it lacks in its language. */
function inspect(message: string, language: string): { names: Set<string>; lacks: string[] } {
  const categories = new Intl.PluralRules(language).resolvedOptions().pluralCategories;
  const names = new Set<string>();
  const lacks: string[] = [];
  const walk = (parts: Part[]): void => {
    for (const { type, value, options } of parts) {
      if (type !== 0 && value !== undefined) names.add(value.replace('has', ''));
      if (!options) continue;
      // 6 is a plural, 5 a choice of words.
      if (type === 6) lacks.push(...categories.filter((category) => !(category in options)));
      for (const option of Object.values(options)) walk(option.value);
    }
  };
  walk(new IntlMessageFormat(message, language, undefined, { ignoreTag: true }).getAst() as Part[]);
  return { names, lacks };
}

test('there are seven languages with English', () => {
  expect(languages.map(([language]) => language).toSorted()).toEqual(['ar', 'de', 'es', 'fr', 'ja', 'zh-hans']);
});

test.each(languages)('%s has every text, and none that is gone', (_, catalogue) => {
  const own = new Map(leaves(catalogue));
  const english = new Map(leaves(ENGLISH));
  expect([...english.keys()].filter((path) => !own.has(path))).toEqual([]);
  expect([...own.keys()].filter((path) => !english.has(path))).toEqual([]);
});

test.each(languages)('%s uses the arguments that there are, with all plurals of the language', (language, catalogue) => {
  const own = new Map(leaves(catalogue));
  const wrong = [...leaves(ENGLISH)].flatMap(([path, english]) => {
    if (typeof english !== 'function') return [];
    const { names, lacks } = inspect(String(own.get(path)), language);
    const unknown = [...names].filter((name) => !(Number(name) < english.length));
    return unknown.length + lacks.length > 0 ? [[path, ...unknown, ...lacks]] : [];
  });
  expect(wrong).toEqual([]);
});

test('a message counts, chooses, and tells an empty text', () => {
  const found = createMessage('{0, plural, one {# نتيجة} two {نتيجتان} few {{1} نتائج} other {{1} نتيجة}}', 'ar');
  expect([found(2, '2'), found(5, '5'), found(100, '100')]).toEqual(['نتيجتان', '5 نتائج', '100 نتيجة']);
  const current = createMessage('{0}{has1, select, yes { ({1})} other {}} {2, select, true {+} other {-}}', 'de');
  expect([current('m', 'hier', true), current('m', '', false)]).toEqual(['m (hier) +', 'm -']);
});
