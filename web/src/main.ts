/**
 * The entry. The server has drawn a first picture of the page: it is painted before the
 * app's code, fetched beside it, takes the processor.
 */
import { keepTrying } from './keepTrying';
import './styles/app.css';

/** A hidden page paints nothing; it does not wait longer than this (ms). */
const PATIENCE_MS = 200;

const painted = new Promise<void>((resolve) => {
  requestAnimationFrame(() => setTimeout(resolve));
  setTimeout(resolve, PATIENCE_MS);
});
// After so many failures the file belongs to an older version: the current page names the new one.
void painted.then(() => keepTrying(() => import('./start')).catch(() => location.reload()));
