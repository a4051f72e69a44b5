/**
 * What the page begins with. The server has drawn something to read: it is painted before the
 * app's code, fetched beside it, takes the processor.
 */
import { keepTrying } from './keepTrying';
import './styles/app.css';

/** A page that nobody sees paints nothing; it does not wait longer than this (ms). */
const PATIENCE_MS = 200;

const painted = new Promise<void>((resolve) => {
  requestAnimationFrame(() => setTimeout(resolve));
  setTimeout(resolve, PATIENCE_MS);
});
// What cannot be had for so long is gone with an older server: its page of today names the new.
void painted.then(() => keepTrying(() => import('./start')).catch(() => location.reload()));
