import { language } from './language/locale';
import { strings } from './strings';

/** What the server says of an error, in the person's language: its own sentences are English. */
export function errorWords({ code, message }: { code: string; message: string }): string {
  return language === 'en' ? message : (strings.errors.codes[code] ?? message);
}
