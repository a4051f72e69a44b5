/**
 * Notifications of this browser, by Web Push: whether the person has them, and how they get them.
 * The browser keeps the subscription; the server is told of it again with each page that is opened.
 */
import { language } from '../language/locale';
import { api } from '../transport/api';
import { activeWorker } from '../worker';

/** Why there are none: no way to have them here, refused for this site, or no push service. */
export type Refusal = 'unsupported' | 'needs_install' | 'blocked' | 'dismissed' | 'no_service';

/** Safari of iOS has them for installed pages alone. */
const IOS = /iPhone|iPad/.test(navigator.userAgent) || (/Macintosh/.test(navigator.userAgent) && navigator.maxTouchPoints > 1);

/** Why this browser cannot have them; null when it can. */
export function unavailable(): Refusal | null {
  if ('PushManager' in window && 'Notification' in window && 'serviceWorker' in navigator) {
    return Notification.permission === 'denied' ? 'blocked' : null;
  }
  return IOS ? 'needs_install' : 'unsupported';
}

export async function notified(): Promise<boolean> {
  return unavailable() === null && Boolean(await subscription());
}

/** Asks the person's browser, and tells the server. Returns why it did not work; null when it did. */
export async function switchOn(): Promise<Refusal | null> {
  const why = unavailable();
  if (why) return why;
  // First: a browser asks only while it handles the click.
  const answer = await Notification.requestPermission();
  if (answer !== 'granted') return answer === 'denied' ? 'blocked' : 'dismissed';
  const worker = await activeWorker();
  if (!worker) return 'unsupported';
  const { public_key: key } = await api.pushState();
  let subscribed: PushSubscription;
  try {
    await forgetOther(worker, key);
    subscribed = await worker.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
  } catch {
    return 'no_service';
  }
  await api.subscribe({ ...subscribed.toJSON(), language });
  return null;
}

export async function switchOff(): Promise<void> {
  // Told later, the server would have it again.
  await renewing.catch(() => {});
  const subscribed = await subscription();
  if (!subscribed) return;
  await api.unsubscribe(subscribed.endpoint);
  await subscribed.unsubscribe();
}

let renewing: Promise<void> = Promise.resolve();

/** Tells the server again, whose session or key may be another by now. */
export function renewNotifications(): Promise<void> {
  return (renewing = renew());
}

async function renew(): Promise<void> {
  if (unavailable() === null && Notification.permission === 'granted' && (await subscription())) await switchOn();
}

async function subscription(): Promise<PushSubscription | null> {
  const worker = await activeWorker();
  return (await worker?.pushManager.getSubscription()) ?? null;
}

/** A browser has one subscription, which belongs to the key that it was made with. */
async function forgetOther(worker: ServiceWorkerRegistration, key: string): Promise<void> {
  const old = await worker.pushManager.getSubscription();
  const made = old?.options.applicationServerKey;
  if (old && made && toText(made) !== key) await old.unsubscribe();
}

function toText(bytes: ArrayBuffer): string {
  return btoa(String.fromCharCode(...new Uint8Array(bytes)))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replace(/=+$/, '');
}
