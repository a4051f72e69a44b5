import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { act, cleanup, renderHook, waitFor } from '@testing-library/react';
import { StrictMode, type ReactNode } from 'react';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { readLast, rememberLast } from '../state/route';
import { registerStop } from '../state/running';
import { row } from '../testing/scripted';
import { useConversation } from './useConversation';

const OLD = '01900000-0000-7000-8000-00000000000a';
const NEW = '01900000-0000-7000-8000-00000000000b';

/** By method and path: what the server answers; anything else is 404. */
let server: Record<string, () => { status?: number; body?: unknown }>;
let asked: string[];

const conversation = (id: string) => ({ id, title: 'T', head_id: null, settings: {} });

function serve(id: string): void {
  server[`GET /api/conversations/${id}/`] = () => ({ body: conversation(id) });
  server[`GET /api/conversations/${id}/messages/?branch=head&from=end&limit=60`] = () => ({
    body: { results: [row('u1', 'user', { content: 'hi' })], next: null, previous: null },
  });
}

function creates(id: string): void {
  server['POST /api/conversations/'] = () => {
    serve(id);
    return { status: 201, body: conversation(id) };
  };
}

function show(path: string) {
  history.replaceState(null, '', path);
  const client = new QueryClient({ defaultOptions: { queries: { retryDelay: 0 } } });
  const wrapper = ({ children }: { children: ReactNode }) => (
    <StrictMode>
      <QueryClientProvider client={client}>{children}</QueryClientProvider>
    </StrictMode>
  );
  return renderHook(() => useConversation(), { wrapper }).result;
}

beforeEach(() => {
  server = {};
  asked = [];
  localStorage.clear();
  vi.stubGlobal('fetch', async (path: string, init: RequestInit) => {
    const call = `${init.method} ${path}`;
    asked.push(call);
    const missing = () => ({ status: 404, body: { error: { code: 'not_found', message: 'No.' } } });
    const { status = 200, body } = (server[call] ?? missing)();
    if (status === 0) throw new TypeError('Failed to fetch');
    return new Response(JSON.stringify(body), { status });
  });
});

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

test('the first visit creates one conversation, goes there, and remembers it', async () => {
  creates(NEW);
  const result = show('/chat');
  expect(result.current.view).toEqual({ status: 'loading', title: '' });
  await waitFor(() => expect(result.current.view.status).toBe('ready'));
  expect(location.pathname).toBe(`/chat/${NEW}`);
  expect(readLast()).toBe(NEW);
  expect(asked.filter((call) => call.startsWith('POST'))).toHaveLength(1);
});

test('coming back shows the same thread', async () => {
  serve(OLD);
  rememberLast(OLD);
  const result = show('/chat');
  await waitFor(() => expect(result.current.view.status).toBe('ready'));
  expect(result.current.view).toMatchObject({
    conversation: { id: OLD },
    history: [{ role: 'user', parts: [{ text: 'hi' }] }],
  });
  expect(location.pathname).toBe(`/chat/${OLD}`);
});

test('when the one to come back to is gone, a new one is made', async () => {
  creates(NEW);
  rememberLast(OLD);
  const result = show('/chat');
  await waitFor(() => expect(result.current.view.status).toBe('ready'));
  expect(location.pathname).toBe(`/chat/${NEW}`);
});

test('one that ended the page is not come back to', async () => {
  serve(OLD);
  creates(NEW);
  rememberLast(OLD);
  localStorage.setItem(`drawing:${OLD}`, '1');
  const result = show('/chat');
  await waitFor(() => expect(result.current.view.status).toBe('ready'));
  expect(location.pathname).toBe(`/chat/${NEW}`);
});

test('a link to one that is gone says so, with a way on', async () => {
  creates(NEW);
  const result = show(`/chat/${OLD}`);
  await waitFor(() => expect(result.current.view).toEqual({ status: 'missing' }));
  expect(location.pathname).toBe(`/chat/${OLD}`);
  await act(() => result.current.startFresh());
  await waitFor(() => expect(result.current.view.status).toBe('ready'));
  expect(location.pathname).toBe(`/chat/${NEW}`);
});

test('signed out', async () => {
  server[`GET /api/conversations/${OLD}/`] = () => ({
    status: 401,
    body: { error: { code: 'not_authenticated', message: 'Sign in.' } },
  });
  const result = show(`/chat/${OLD}`);
  await waitFor(() => expect(result.current.view).toEqual({ status: 'signed_out' }));
});

test('out of reach: it says so, and can be tried again', async () => {
  const down = () => ({ status: 0 });
  serve(OLD);
  const working = { ...server };
  for (const call of Object.keys(server)) server[call] = down;
  const result = show(`/chat/${OLD}`);
  await waitFor(() => expect(result.current.view).toMatchObject({ code: 'unreachable' }));
  server = working;
  const { view } = result.current;
  act(() => {
    if (view.status === 'failed') view.retry();
  });
  await waitFor(() => expect(result.current.view.status).toBe('ready'));
});

test('the first one cannot be created: it says so, and can be tried again', async () => {
  server['POST /api/conversations/'] = () => ({ status: 0 });
  const result = show('/chat');
  await waitFor(() => expect(result.current.view.status).toBe('failed'));
  creates(NEW);
  const { view } = result.current;
  act(() => {
    if (view.status === 'failed') view.retry();
  });
  await waitFor(() => expect(result.current.view.status).toBe('ready'));
});

test('starting fresh stops what runs, and the way back leads to the old one', async () => {
  serve(OLD);
  creates(NEW);
  const result = show(`/chat/${OLD}`);
  await waitFor(() => expect(result.current.view.status).toBe('ready'));
  const stop = vi.fn<() => Promise<void>>().mockResolvedValue();
  const unregister = registerStop(OLD, stop);
  await act(() => result.current.startFresh());
  unregister();
  expect(stop).toHaveBeenCalledOnce();
  expect(result.current.starting).toBe(false);
  await waitFor(() =>
    expect(result.current.view).toMatchObject({ conversation: { id: NEW }, status: 'ready' }),
  );
  act(() => {
    history.replaceState(null, '', `/chat/${OLD}`);
    window.dispatchEvent(new PopStateEvent('popstate'));
  });
  await waitFor(() =>
    expect(result.current.view).toMatchObject({ conversation: { id: OLD }, status: 'ready' }),
  );
});

test('starting fresh can fail: the thread stays', async () => {
  serve(OLD);
  server['POST /api/conversations/'] = () => ({ status: 0 });
  const result = show(`/chat/${OLD}`);
  await waitFor(() => expect(result.current.view.status).toBe('ready'));
  await act(() => expect(result.current.startFresh()).rejects.toThrow('Failed to fetch'));
  expect(result.current).toMatchObject({ view: { status: 'ready' }, starting: false });
});
