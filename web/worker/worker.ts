/**
 * The service worker of the page. It keeps files whose name has their hash, which never change and
 * are the same for everybody; no page and no answer of the API ever goes through it.
 *
 * It also shows that a reply is ready, where the person wants that and no page is open.
 *
 * The server writes `build` before this file: a new build is another file, and so a new worker. It
 * takes over at once, which is safe because a name means the same bytes for every version.
 */
const worker = self as unknown as ServiceWorkerGlobalScope & { build: string };

const PREFIX = 'assets-';
const OWN = PREFIX + worker.build;
const FOLDER = '/static/chat/assets/';
/** As the server decides what is immutable: eight characters of a hash before the ending. */
const HASHED = /-[\w-]{8}\.\w+$/;

worker.addEventListener('install', (event) => {
  event.waitUntil(Promise.all([worker.skipWaiting(), leaveTheRestAlone(event)]));
});

worker.addEventListener('activate', (event) => {
  event.waitUntil(Promise.all([worker.clients.claim(), dropOldBuilds()]));
});

worker.addEventListener('fetch', (event) => {
  const { request } = event;
  const { origin, pathname, search } = new URL(request.url);
  if (request.method !== 'GET' || origin !== location.origin || search) return;
  if (pathname.startsWith(FOLDER) && HASHED.test(pathname)) event.respondWith(kept(event));
});

/** What the server tells of a reply: the chat by its title, never what was said. */
interface Told {
  title: string;
  body: string;
  lang: string;
  dir: 'ltr' | 'rtl';
  chat: string;
}

worker.addEventListener('push', (event) => {
  const told = event.data?.json() as Told | undefined;
  if (told) event.waitUntil(show(told));
});

worker.addEventListener('notificationclick', (event) => {
  event.notification.close();
  const { chat } = event.notification.data as { chat: string };
  event.waitUntil(open(`/chat/${encodeURIComponent(chat)}`));
});

/** Unless the person is looking at a page of ours, which the server could not know. */
async function show({ title, body, lang, dir, chat }: Told): Promise<void> {
  const pages = await worker.clients.matchAll({ type: 'window' });
  if (pages.some(({ visibilityState }) => visibilityState === 'visible')) return;
  const icons = { icon: '/static/chat/icons/192.png', badge: '/static/chat/icons/badge.png' };
  // One for each chat: a newer reply takes the place of the one before.
  await worker.registration.showNotification(title, { body, lang, dir, tag: chat, data: { chat }, ...icons });
}

/** The page that has the chat, else a new one. */
async function open(path: string): Promise<void> {
  const pages = await worker.clients.matchAll({ type: 'window' });
  const there = pages.find(({ url }) => new URL(url).pathname === path);
  await (there ? there.focus() : worker.clients.openWindow(path));
}

/** What is not kept is not held up by the start of this worker, where the browser can route. */
async function leaveTheRestAlone(event: ExtendableEvent): Promise<void> {
  const routes = [{ condition: { not: { urlPattern: { pathname: `${FOLDER}*` } } }, source: 'network' }];
  try {
    await (event as ExtendableEvent & { addRoutes?(rules: unknown): Promise<void> }).addRoutes?.(routes);
  } catch {
    // An older form of it: each request asks the handler above.
  }
}

/** Keeps the build before this one, whose parts an open page may still ask for. */
async function dropOldBuilds(): Promise<void> {
  const others = (await caches.keys()).filter((name) => name.startsWith(PREFIX) && name !== OWN);
  await Promise.all(others.slice(0, -1).map((name) => caches.delete(name)));
}

async function kept(event: FetchEvent): Promise<Response> {
  const { request } = event;
  const found = await caches.match(request).catch(() => undefined);
  if (found) return found;
  const response = await fetch(request);
  if (response.status === 200 && response.type === 'basic') {
    const copy = response.clone();
    // A full disk costs nothing but the copy.
    event.waitUntil(keep(request, copy).catch(() => undefined));
  }
  return response;
}

async function keep(request: Request, response: Response): Promise<void> {
  const cache = await caches.open(OWN);
  await cache.put(request, response);
}
