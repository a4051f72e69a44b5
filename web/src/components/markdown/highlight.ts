/**
 * Syntax colors, loaded on the first code block: shiki's core with its JavaScript engine (the
 * other engine is WebAssembly, which the page's policy forbids) and one grammar per language used.
 */
import type {
  GrammarState, HighlighterCore, LanguageRegistration, RegexEngine, ThemedToken,
} from 'shiki/core';
import { warmUp } from './warmUp';

type Grammar = () => Promise<{ default: LanguageRegistration[] }>;

const GRAMMARS: Record<string, Grammar> = {
  bash: () => import('shiki/langs/bash.mjs'),
  c: () => import('shiki/langs/c.mjs'),
  css: () => import('shiki/langs/css.mjs'),
  diff: () => import('shiki/langs/diff.mjs'),
  go: () => import('shiki/langs/go.mjs'),
  html: () => import('shiki/langs/html.mjs'),
  java: () => import('shiki/langs/java.mjs'),
  javascript: () => import('shiki/langs/javascript.mjs'),
  json: () => import('shiki/langs/json.mjs'),
  python: () => import('shiki/langs/python.mjs'),
  rust: () => import('shiki/langs/rust.mjs'),
  sql: () => import('shiki/langs/sql.mjs'),
  tsx: () => import('shiki/langs/tsx.mjs'),
  typescript: () => import('shiki/langs/typescript.mjs'),
  yaml: () => import('shiki/langs/yaml.mjs'),
};

const ALIASES: Record<string, string> = {
  console: 'bash',
  cpp: 'c',
  'c++': 'c',
  golang: 'go',
  js: 'javascript',
  jsonc: 'json',
  jsx: 'tsx',
  mjs: 'javascript',
  patch: 'diff',
  py: 'python',
  python3: 'python',
  rs: 'rust',
  sh: 'bash',
  shell: 'bash',
  sqlite: 'sql',
  ts: 'typescript',
  xml: 'html',
  yml: 'yaml',
  zsh: 'bash',
};

/** One colored piece of a line. */
export interface Piece {
  text: string;
  /** Where it begins in its line. */
  offset: number;
  color: string | undefined;
}

const THEME = 'code';
/** How long one look at the code may take (ms), and a line more: the rest stays plain until the next. */
const LOOK_MS = 8;

/** Lines of a listing that have colors; the rest is plain: each is an element of its own. */
const MOST_LINES = 5_000;
/** A longer line (minified code, data) has no colors: a line is colored in one go, however long. */
const LONGEST_LINE = 2_000;

interface Core {
  highlighter: HighlighterCore;
  engine: RegexEngine;
}

let core: Promise<Core> | undefined;

async function loadCore(): Promise<Core> {
  const [{ createHighlighterCore, createCssVariablesTheme }, { createJavaScriptRegexEngine }] = await Promise.all([
    import('shiki/core'),
    import('shiki/engine/javascript'),
  ]);
  const theme = createCssVariablesTheme({ name: THEME, variablePrefix: '--code-' });
  const engine = createJavaScriptRegexEngine();
  return { highlighter: await createHighlighterCore({ themes: [theme], langs: [], engine }), engine };
}

/** Null for a language we bring no grammar for. Rejects when the network fails; asking again is fine. */
export async function openHighlighter(language: string): Promise<LineHighlighter | null> {
  const name = ALIASES[language] ?? language;
  const grammar = GRAMMARS[name];
  if (!grammar) return null;
  core ??= loadCore().catch((error: unknown) => {
    core = undefined;
    throw error;
  });
  const [{ highlighter, engine }, { default: registrations }] = await Promise.all([core, grammar()]);
  await highlighter.loadLanguage(registrations);
  const main = registrations.find((registration) => registration.name === name);
  if (main) await warmUp(engine, main);
  return new LineHighlighter(highlighter, name);
}

/**
 * Colors code that grows: each finished line is looked at once, the last one stays plain. It does
 * so in short looks: the first lines of a language can cost 60 ms, and a listing may be long.
 */
export class LineHighlighter {
  #lines: Piece[][] = [];
  #done = '';
  #state: GrammarState | undefined;
  #behind = false;

  constructor(
    private readonly highlighter: HighlighterCore,
    private readonly language: string,
  ) {}

  /**
   * The colored lines of `code`, and what has no colors yet as one plain piece. Lines already
   * seen come back as the same arrays.
   */
  lines(code: string, complete: boolean): readonly Piece[][] {
    if (!code.startsWith(this.#done)) this.#restart();
    const end = complete ? code.length : code.lastIndexOf('\n') + 1;
    this.#advance(code.slice(this.#done.length, end));
    this.#behind = this.#done.length < end && !this.#isFull();
    const rest = code.slice(this.#done.length);
    if (rest === '') return this.#lines;
    return [...this.#lines, [{ text: rest.replace(/\n$/, ''), offset: 0, color: undefined }]];
  }

  /** Finished lines are left: ask for `lines` again when there is time. */
  get behind(): boolean {
    return this.#behind;
  }

  #advance(fresh: string): void {
    const until = performance.now() + LOOK_MS;
    const colored: Piece[][] = [];
    let from = 0;
    while (from < fresh.length && !this.#isFull(colored.length) && performance.now() < until) {
      const next = fresh.indexOf('\n', from) + 1 || fresh.length;
      colored.push(...this.#color(fresh.slice(from, next).replace(/\n$/, '')));
      from = next;
    }
    if (from === 0) return;
    this.#lines = [...this.#lines, ...colored];
    this.#done += fresh.slice(0, from);
  }

  #isFull(more = 0): boolean {
    return this.#lines.length + more >= MOST_LINES;
  }

  #color(line: string): Piece[][] {
    if (line.length > LONGEST_LINE) return [[{ text: line, offset: 0, color: undefined }]];
    const tokens = this.highlighter.codeToTokensBase(line, {
      lang: this.language,
      theme: THEME,
      ...(this.#state && { grammarState: this.#state }),
    });
    this.#state = this.highlighter.getLastGrammarState(tokens);
    return tokens.map(pieces);
  }

  #restart(): void {
    this.#lines = [];
    this.#done = '';
    this.#state = undefined;
  }
}

function pieces(line: ThemedToken[]): Piece[] {
  const start = line[0]?.offset ?? 0;
  return line.map(({ content, offset, color }) => ({ text: content, offset: offset - start, color }));
}
