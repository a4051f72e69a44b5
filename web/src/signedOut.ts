/**
 * Runs on the page that follows a sign-out: nothing of the person stays in the browser, in no tab.
 * (The header `Clear-Site-Data` does the same, where the connection is encrypted.)
 */
import { tellSignedOut } from './state/signedOut';
import { removeWorkers } from './worker';

localStorage.clear();
sessionStorage.clear();
if ('caches' in window) for (const name of await caches.keys()) void caches.delete(name);
tellSignedOut();
await removeWorkers();
