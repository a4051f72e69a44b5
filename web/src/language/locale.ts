/** The language of the page, and whose formats of numbers and times it uses. */

/** As the server has chosen it: by the person's setting, else by what the browser wants. */
export const language: string = document.documentElement.lang || 'en';

/** The language as the browser's person speaks it (`en-GB`), where they do. */
export const locale: string = navigator.languages?.find((tag) => base(tag) === base(language)) ?? language;

function base(tag: string): string {
  return tag.split('-')[0]!.toLowerCase();
}
