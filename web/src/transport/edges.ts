/** The edges of a real browser. */
import { api } from './api';
import { readStored, writeStored } from '../stored';
import type { Edges } from './types';

export const browserEdges: Edges = {
  api,
  now: () => Date.now(),
  random: () => Math.random(),
  setTimeout: (action, ms) => globalThis.setTimeout(action, ms),
  clearTimeout: (timer) => globalThis.clearTimeout(timer as number),
  openSocket: (conversationId) => {
    const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
    return new WebSocket(`${scheme}://${location.host}/ws/chat/${conversationId}/`);
  },
  online: () => navigator.onLine,
  stored: { read: readStored, write: writeStored },
  listen(event, listener) {
    if (event === 'wake') {
      const heard = () => document.visibilityState === 'visible' && listener();
      document.addEventListener('visibilitychange', heard);
      // Two windows side by side: both can be seen all the time.
      window.addEventListener('focus', heard);
      return () => {
        document.removeEventListener('visibilitychange', heard);
        window.removeEventListener('focus', heard);
      };
    }
    window.addEventListener(event, listener);
    return () => window.removeEventListener(event, listener);
  },
};

/** The same for a temporary conversation, of which nothing is stored. */
export const forgetfulEdges: Edges = {
  ...browserEdges,
  stored: { read: () => undefined, write: () => undefined },
};

/**
 * A random UUID. `crypto.randomUUID` exists only in secure contexts, and a chat server on the
 * local network is often reached over plain http.
 */
export function uuid(source: Pick<Crypto, 'getRandomValues'> & { randomUUID?(): string } = crypto) {
  if (source.randomUUID) return source.randomUUID();
  const bytes = source.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6]! & 0x0f) | 0x40; // version 4
  bytes[8] = (bytes[8]! & 0x3f) | 0x80; // the RFC 9562 variant
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return hex.replace(/(.{8})(.{4})(.{4})(.{4})(.{12})/, '$1-$2-$3-$4-$5');
}
