/**
 * Syntax colours, loaded on the first code block: shiki's core with its JavaScript engine (the
 * other engine is WebAssembly, which the page's policy forbids) and one grammar per language used.
 */
import type { GrammarState, HighlighterCore, LanguageRegistration, ThemedToken } from 'shiki/core';

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

/** One coloured piece of a line. */
export interface Piece {
  text: string;
  /** Where it begins in its line. */
  offset: number;
  color: string | undefined;
}

const THEME = 'code';
let core: Promise<HighlighterCore> | undefined;

async function loadCore(): Promise<HighlighterCore> {
  const [{ createHighlighterCore, createCssVariablesTheme }, { createJavaScriptRegexEngine }] = await Promise.all([
    import('shiki/core'),
    import('shiki/engine/javascript'),
  ]);
  const theme = createCssVariablesTheme({ name: THEME, variablePrefix: '--code-' });
  return createHighlighterCore({ themes: [theme], langs: [], engine: createJavaScriptRegexEngine() });
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
  const [highlighter, { default: registrations }] = await Promise.all([core, grammar()]);
  await highlighter.loadLanguage(registrations);
  return new LineHighlighter(highlighter, name);
}

/** Colours code that grows: each finished line is looked at once, the last one stays plain. */
export class LineHighlighter {
  #lines: Piece[][] = [];
  #done = '';
  #state: GrammarState | undefined;

  constructor(
    private readonly highlighter: HighlighterCore,
    private readonly language: string,
  ) {}

  /** The coloured lines of `code`; lines already seen come back as the same arrays. */
  lines(code: string, complete: boolean): readonly Piece[][] {
    if (!code.startsWith(this.#done)) this.#restart();
    const end = complete ? code.length : code.lastIndexOf('\n') + 1;
    const fresh = code.slice(this.#done.length, end);
    if (fresh !== '') this.#advance(fresh);
    const rest = code.slice(end);
    return rest === '' ? this.#lines : [...this.#lines, [{ text: rest, offset: 0, color: undefined }]];
  }

  #advance(fresh: string): void {
    const tokens = this.highlighter.codeToTokensBase(fresh.replace(/\n$/, ''), {
      lang: this.language,
      theme: THEME,
      ...(this.#state && { grammarState: this.#state }),
    });
    this.#state = this.highlighter.getLastGrammarState(tokens);
    this.#lines = [...this.#lines, ...tokens.map(pieces)];
    this.#done += fresh;
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
