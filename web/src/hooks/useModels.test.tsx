import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { act, cleanup, renderHook, waitFor } from '@testing-library/react';
import type { ReactNode } from 'react';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { useModels } from './useModels';

const list = (provider: string, error: object | null = null) => ({
  provider,
  default: null,
  error,
  results: [],
});

let answer: () => Response;

function show() {
  const client = new QueryClient({ defaultOptions: { queries: { retryDelay: 0 } } });
  const wrapper = ({ children }: { children: ReactNode }) => (
    <QueryClientProvider client={client}>{children}</QueryClientProvider>
  );
  return renderHook(() => useModels(), { wrapper }).result;
}

beforeEach(() => {
  localStorage.clear();
  vi.stubGlobal('fetch', async () => answer());
});

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

test('the list of the last visit is there at once, and refreshed behind', async () => {
  answer = () => new Response(JSON.stringify(list('ollama')));
  const first = show();
  expect(first.current).toMatchObject({ models: undefined, loading: true });
  await waitFor(() => expect(first.current.models).toEqual(list('ollama')));
  answer = () => new Response(JSON.stringify(list('openai')));
  const second = show();
  expect(second.current).toMatchObject({ models: { provider: 'ollama' }, loading: true });
  await waitFor(() => expect(second.current.models?.provider).toBe('openai'));
});

test('a provider that is down is told, and not remembered', async () => {
  const error = { code: 'provider_unreachable', message: 'Ollama does not answer.' };
  answer = () => new Response(JSON.stringify(list('ollama', error)));
  const result = show();
  await waitFor(() => expect(result.current.error).toEqual(error));
  expect(localStorage.length).toBe(0);
});

test('a server that is down is told, and can be asked again', async () => {
  answer = () => {
    throw new TypeError('Failed to fetch');
  };
  const result = show();
  await waitFor(() => expect(result.current.error?.code).toBe('unreachable'));
  answer = () => new Response(JSON.stringify(list('echo')));
  act(() => result.current.refresh());
  await waitFor(() => expect(result.current.models?.provider).toBe('echo'));
  expect(result.current.error).toBeNull();
});
