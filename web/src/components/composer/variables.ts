/** What is to be filled in a prompt: `{{name}}`. Pure. */

/** A prompt as it is offered; a starter that is not stored yet has no id. */
export interface OfferedPrompt {
  name: string;
  text: string;
}

const VARIABLE = /\{\{\s*([^{}\s][^{}\n]{0,99}?)\s*\}\}/g;

/** The names in the order in which they come, each once. */
export function variablesOf(text: string): string[] {
  return [...new Set([...text.matchAll(VARIABLE)].map((match) => match[1]!))];
}

/** The text with the values; what has none stays as it is. */
export function filled(text: string, values: ReadonlyMap<string, string>): string {
  return text.replace(VARIABLE, (whole, name: string) => values.get(name) ?? whole);
}

/** What follows the slash at the beginning of a text; null where the library is not asked for. */
export function queryOf(text: string): string | null {
  return /^\/([^/\n]{0,60})$/.exec(text)?.[1]?.trim() ?? null;
}
