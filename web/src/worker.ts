/** The service worker: registered by the page, and removed where it is not ours any more. */

const ADDRESS = '/worker.js';

/** The policy of the page lets a script's address come from here alone. */
interface Policies {
  createPolicy(name: string, rules: { createScriptURL(): string }): { createScriptURL(input: string): string };
}

/** Registers the worker, and removes one that an earlier version of the page left at another address. */
export async function registerWorker(): Promise<void> {
  // Vite's own server has no built worker; over plain HTTP browsers have none.
  if (!import.meta.env.PROD || !('serviceWorker' in navigator)) return;
  try {
    for (const registration of await navigator.serviceWorker.getRegistrations()) {
      if (!isOurs(registration)) void registration.unregister();
    }
    await navigator.serviceWorker.register(scriptAddress(), { scope: '/', updateViaCache: 'none' });
  } catch {
    // Switched off in the browser, or no network: the page works without it.
  }
}

/** The registration, once its worker works; null where there is none. */
export async function activeWorker(): Promise<ServiceWorkerRegistration | null> {
  if (!('serviceWorker' in navigator)) return null;
  const registration = await navigator.serviceWorker.getRegistration('/');
  return registration ? navigator.serviceWorker.ready : null;
}

/** Removes every worker, what it keeps, and its subscription to notifications. */
export async function removeWorkers(): Promise<void> {
  if (!('serviceWorker' in navigator)) return;
  const registrations = await navigator.serviceWorker.getRegistrations();
  await Promise.all(registrations.map((registration) => registration.unregister()));
}

function isOurs({ active, waiting, installing }: ServiceWorkerRegistration): boolean {
  const worker = active ?? waiting ?? installing;
  return worker === null || new URL(worker.scriptURL).pathname === ADDRESS;
}

function scriptAddress(): string {
  const { trustedTypes } = window as { trustedTypes?: Policies };
  return trustedTypes?.createPolicy('worker', { createScriptURL: () => ADDRESS }).createScriptURL('') ?? ADDRESS;
}
