/**
 * The texts of the page in its language. English stands in the code; every other language has a
 * catalogue of the same shape, which is loaded before any text is used. In a catalogue, a text
 * with arguments is a message in ICU's syntax.
 */
import { language, locale } from './locale';

export type Catalogue = string | readonly Catalogue[] | { readonly [name: string]: Catalogue };

const catalogues = import.meta.glob<Catalogue>('./catalogues/*.json', { import: 'default' });

let catalogue: Catalogue | undefined;
let createMessage: typeof import('./messages').createMessage | undefined;

/** Loads the catalogue of the page's language, where there is one. */
export async function loadTranslation(name: string = language): Promise<void> {
  const load = catalogues[`./catalogues/${name}.json`];
  if (!load) return;
  const [texts, messages] = await Promise.all([load(), import('./messages')]);
  catalogue = texts;
  ({ createMessage } = messages);
}

/** The texts in the language of the page; what its catalogue does not have is English. */
export function translated<Texts extends object>(part: string, english: Texts): Texts {
  return catalogue === undefined ? english : (translate(english, child(catalogue, part)) as Texts);
}

function translate(english: unknown, texts: Catalogue | undefined): unknown {
  if (texts === undefined) return english;
  if (typeof english === 'function') {
    return typeof texts === 'string' ? createMessage?.(texts, locale) : english;
  }
  if (typeof english !== 'object' || english === null) return typeof texts === 'string' ? texts : english;
  if (Array.isArray(english)) return english.map((entry, index) => translate(entry, child(texts, String(index))));
  return Object.fromEntries(
    Object.entries(english).map(([name, entry]) => [name, translate(entry, child(texts, name))]),
  );
}

function child(texts: Catalogue, name: string): Catalogue | undefined {
  return typeof texts === 'object' && Object.hasOwn(texts, name)
    ? (texts as Record<string, Catalogue>)[name]
    : undefined;
}
