import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { act, cleanup, renderHook, waitFor } from '@testing-library/react';
import type { ReactNode } from 'react';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { useLibrary } from './useLibrary';

interface Row {
  id: string;
  name: string;
}

/** What the server has: another tab of the person changes it, too. */
let rows: Row[];

function answer({ method = 'GET', body }: RequestInit, id: string | undefined): Response {
  const known = rows.find((row) => row.id === id);
  if (id && !known) return Response.json({ error: { code: 'not_found', message: 'Preset not found.' } }, { status: 404 });
  const fields = body ? (JSON.parse(String(body)) as { name: string }) : { name: '' };
  if (method === 'DELETE') rows = rows.filter((row) => row !== known);
  if (method === 'POST') rows = [...rows, { id: 'added', name: fields.name }];
  if (method === 'PATCH') rows = rows.map((row) => (row === known ? { ...row, ...fields } : row));
  return Response.json(method === 'GET' ? { results: rows } : (rows.find((row) => row.id === id) ?? rows.at(-1)));
}

function show(open: boolean) {
  const client = new QueryClient();
  const wrapper = ({ children }: { children: ReactNode }) => (
    <QueryClientProvider client={client}>{children}</QueryClientProvider>
  );
  return renderHook((props: { open: boolean }) => useLibrary('presets', props.open), { wrapper, initialProps: { open } });
}

const names = ({ current }: { current: ReturnType<typeof useLibrary<'presets'>> }) => current.entries?.map(({ name }) => name);

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] });
  rows = [
    { id: '1', name: 'Brief' },
    { id: '2', name: 'Pirate' },
  ];
  vi.stubGlobal('fetch', async (path: string, init: RequestInit) => answer(init, path.split('/')[3]));
});
afterEach(() => {
  cleanup();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test('what another tab has deleted goes, and comes again when it is saved', async () => {
  const { result } = show(true);
  await waitFor(() => expect(names(result)).toEqual(['Brief', 'Pirate']));
  rows = [];
  await act(() => result.current.remove('1'));
  await waitFor(() => expect(names(result)).toEqual(['Pirate']));
  await act(() => result.current.save({ name: 'Rhymes', settings: {} }, '2'));
  await waitFor(() => expect(names(result)).toEqual(['Rhymes']));
  expect(rows).toEqual([{ id: 'added', name: 'Rhymes' }]);
});

test('what another tab has changed is there when it is opened again', async () => {
  const { result, rerender } = show(true);
  await waitFor(() => expect(names(result)).toEqual(['Brief', 'Pirate']));
  rerender({ open: false });
  rows = [{ id: '3', name: 'Formal' }];
  vi.setSystemTime(Date.now() + 60_000);
  rerender({ open: true });
  await waitFor(() => expect(names(result)).toEqual(['Formal']));
});
