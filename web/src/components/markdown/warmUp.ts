import type { LanguageRegistration, RegexEngine } from 'shiki/core';

/** After so much work (ms) others have their turn. */
const TURN_MS = 8;

interface Rule {
  match?: unknown;
  begin?: unknown;
  include?: string;
  patterns?: Rule[];
}

/**
 * Compiles what a language's first line is looked through for, a little at a time: left to that
 * line, it is one task of 60 ms. The engine keeps what it has compiled.
 */
export async function warmUp(engine: RegexEngine, grammar: LanguageRegistration): Promise<void> {
  const nothing = engine.createString('');
  let since = performance.now();
  for (const pattern of firstPatterns(grammar)) {
    try {
      engine.createScanner([pattern]).findNextMatchSync(nothing, 0, 0);
    } catch {
      // A line that needs a broken pattern reports it.
    }
    if (performance.now() - since < TURN_MS) continue;
    // oxlint-disable-next-line no-await-in-loop -- to let others have their turn
    await new Promise((resolve) => setTimeout(resolve));
    since = performance.now();
  }
}

/** The patterns that a grammar may match at the start of a text. */
function firstPatterns({ patterns, repository }: LanguageRegistration): Set<string> {
  const sources = new Set<string>();
  const seen = new Set<string>();
  const visit = (rules: readonly Rule[]): void => {
    for (const { match, begin, include, patterns: inner } of rules) {
      const pattern = match ?? begin;
      if (typeof pattern === 'string') sources.add(pattern);
      else if (inner) visit(inner);
      else if (include?.startsWith('#') && !seen.has(include)) {
        seen.add(include);
        const named = (repository as Record<string, Rule | undefined>)[include.slice(1)];
        if (named) visit([named]);
      }
    }
  };
  visit(patterns as Rule[]);
  return sources;
}
