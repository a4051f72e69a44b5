/** The theme lives in a cookie, so that the server can render it and the page never flashes. */
export type Theme = 'light' | 'dark' | 'system';

export const THEMES: readonly Theme[] = ['light', 'dark', 'system'];
const YEAR_S = 365 * 24 * 60 * 60;

export function readTheme(): Theme {
  const value = document.documentElement.dataset['theme'];
  return value === 'light' || value === 'dark' ? value : 'system';
}

/** Applies the theme to this page and to every later one from the server. */
export function writeTheme(theme: Theme): void {
  document.documentElement.dataset['theme'] = theme;
  for (const meta of document.querySelectorAll<HTMLMetaElement>('meta[name=theme-color]')) {
    meta.media = mediaOf(meta.dataset['of'], theme);
  }
  document.cookie = `theme=${theme}; path=/; max-age=${YEAR_S}; samesite=lax`;
}

/** When the colour of the browser's own bars is that of this theme (as in `base.html`). */
function mediaOf(name: string | undefined, theme: Theme): string {
  if (theme === 'system') return `(prefers-color-scheme: ${name})`;
  return name === theme ? 'all' : 'not all';
}
