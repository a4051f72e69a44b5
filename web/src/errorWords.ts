import { language } from './language/locale';
import { strings } from './strings';

/** What the server says of an error, in the person's language: its own sentences are English. */
export function errorWords({ code, message }: { code: string; message: string }): string {
  return language === 'en' ? message : (strings.errors.codes[code] ?? message);
}

/** The same for whatever a call rejects with. */
export function saidError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return 'code' in error && typeof error.code === 'string'
    ? errorWords({ code: error.code, message: error.message })
    : error.message;
}
