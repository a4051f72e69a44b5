/**
 * The entry. The server has drawn a first picture of the page: it is painted before the
 * app's code takes the line and the processor.
 */
import { keepTrying, keepTryingStyles } from './keepTrying';
import { loadTranslation } from './language/translation';
import './styles/app.css';

/** A hidden page paints nothing; it does not wait longer than this (ms). */
const PATIENCE_MS = 400;

keepTryingStyles();

const painted = new Promise<void>((resolve) => {
  new PerformanceObserver((_, observer) => {
    observer.disconnect();
    resolve();
  }).observe({ type: 'paint', buffered: true });
  setTimeout(resolve, PATIENCE_MS);
});
// All that the app is made of at once, not one after the other as each is run.
void painted.then(() => {
  for (const link of document.querySelectorAll<HTMLLinkElement>('link[rel=later]')) link.rel = link.as === 'style' ? 'preload' : 'modulepreload';
});
// Texts are taken as the code loads: the catalogue of the page's language comes before it.
const translation = keepTrying(loadTranslation).catch(() => undefined);
// After so many failures the file belongs to an older version: the current page names the new one.
void Promise.all([painted, translation]).then(() =>
  keepTrying(() => import('./start')).catch(() => location.reload()),
);
