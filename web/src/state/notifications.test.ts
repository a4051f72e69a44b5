import { afterEach, expect, test, vi } from 'vitest';
import { api } from '../transport/api';
import * as worker from '../worker';
import { renewNotifications, switchOff } from './notifications';

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

test('what is switched off while the page tells the server of it stays off', async () => {
  const subscribed = { endpoint: 'https://push.example/1', options: {}, toJSON: () => ({}), unsubscribe: async () => true };
  const pushManager = { getSubscription: async () => subscribed, subscribe: async () => subscribed };
  vi.stubGlobal('PushManager', {});
  vi.stubGlobal('Notification', { permission: 'granted', requestPermission: async () => 'granted' });
  vi.stubGlobal('navigator', { serviceWorker: {}, userAgent: '' });
  vi.spyOn(worker, 'activeWorker').mockResolvedValue({ pushManager } as never);
  vi.spyOn(api, 'pushState').mockResolvedValue({ public_key: 'AAAA' } as never);
  const told: string[] = [];
  let answer: (value: never) => void = () => {};
  vi.spyOn(api, 'subscribe').mockReturnValue(new Promise((resolve) => (answer = resolve)));
  vi.spyOn(api, 'unsubscribe').mockImplementation(async (endpoint) => (told.push(endpoint), null));
  const renewed = renewNotifications();
  await vi.waitUntil(() => vi.mocked(api.subscribe).mock.calls.length > 0);
  const off = switchOff();
  await new Promise((resolve) => setTimeout(resolve));
  expect(told).toEqual([]);
  answer(undefined as never);
  await Promise.all([renewed, off]);
  expect(told).toEqual([subscribed.endpoint]);
});
