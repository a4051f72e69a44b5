/** Formats the messages of a catalogue. Loaded only with one: English needs none of it. */
import { IntlMessageFormat } from 'intl-messageformat';

/**
 * @param message in ICU's syntax; `{0}` is the first argument, and `{has0, select, yes {…} other {…}}`
 *   tells whether it is more than an empty text
 */
export function createMessage(message: string, locale: string): (...values: unknown[]) => string {
  let format: IntlMessageFormat | undefined;
  return (...values) => {
    format ??= new IntlMessageFormat(message, locale, undefined, { ignoreTag: true });
    const given = values.flatMap((value, index) => [
      [index, value],
      [`has${index}`, value === '' ? 'no' : 'yes'],
    ]);
    return String(format.format(Object.fromEntries(given) as Record<string, string>));
  };
}
