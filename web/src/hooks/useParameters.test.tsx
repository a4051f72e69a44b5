import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { act, cleanup, renderHook } from '@testing-library/react';
import type { ReactNode } from 'react';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Settings } from '../protocol';
import { usualBounds } from '../state/parameters';
import { conversationKey, modelsKey } from '../state/queries';
import { saveNow } from '../state/saving';
import { changedParameters, useSettings } from '../state/settings';
import { SAVE_AFTER_MS, useParameters } from './useParameters';

let saved: unknown[];

function show(settings: Settings) {
  const client = new QueryClient();
  client.setQueryData(conversationKey('c'), { id: 'c', title: '', head_id: null, settings });
  const models = { provider: 'echo', default: 'm', error: null, results: [] };
  client.setQueryData(modelsKey, { ...models, parameters: usualBounds });
  const wrapper = ({ children }: { children: ReactNode }) => (
    <QueryClientProvider client={client}>{children}</QueryClientProvider>
  );
  return renderHook(() => useParameters('c'), { wrapper });
}

beforeEach(() => {
  vi.useFakeTimers();
  saved = [];
  useSettings.setState({ changed: {} });
  vi.stubGlobal('fetch', async (_path: string, init: RequestInit) => {
    const body = JSON.parse(String(init.body)) as { settings: Settings };
    saved.push(body);
    return new Response(JSON.stringify({ id: 'c', settings: body.settings }));
  });
});

afterEach(() => {
  cleanup();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test('what the conversation remembers holds, and the rest is default', () => {
  const { result } = show({ temperature: 0.2 });
  expect(result.current.values).toEqual({
    temperature: 0.2,
    max_tokens: 512,
    top_p: 1,
    model: 'm',
  });
  expect(result.current.pristine).toBe(false);
  expect(changedParameters('c')).toBeUndefined();
});

test('a change holds at once, goes with the next turn, and is saved once after a pause', async () => {
  const { result } = show({});
  expect(result.current.pristine).toBe(true);
  act(() => result.current.change({ temperature: 0.4 }));
  act(() => result.current.change({ temperature: 7, max_tokens: 300 }));
  expect(result.current.values).toMatchObject({ temperature: 1, max_tokens: 300 });
  expect(changedParameters('c')).toEqual({ temperature: 1, max_tokens: 300 });
  expect(saved).toEqual([]);
  await act(() => vi.advanceTimersByTimeAsync(SAVE_AFTER_MS));
  expect(saved).toEqual([{ settings: { temperature: 1, max_tokens: 300 } }]);
});

test('leaving saves what was not saved yet, once', async () => {
  const { result, unmount } = show({});
  act(() => result.current.change({ top_p: 0.5 }));
  unmount();
  await vi.advanceTimersByTimeAsync(SAVE_AFTER_MS);
  expect(saved).toEqual([{ settings: { top_p: 0.5 } }]);
});

test('reset gives every number its default, and keeps the model', async () => {
  const { result } = show({ temperature: 0.2, model: 'other' });
  act(() => result.current.reset());
  expect(result.current.pristine).toBe(true);
  const defaults = { temperature: 0.7, max_tokens: 512, top_p: 1 };
  expect(changedParameters('c')).toEqual(defaults);
  await act(() => vi.advanceTimersByTimeAsync(SAVE_AFTER_MS));
  expect(result.current.values.model).toBe('other');
  expect(saved).toEqual([{ settings: defaults }]);
});

test('the system prompt is saved and goes with no turn', async () => {
  const { result } = show({ system_prompt: 'Be brief.' });
  expect(result.current.systemPrompt).toBe('Be brief.');
  act(() => result.current.setSystemPrompt('Rhyme.'));
  expect(result.current.systemPrompt).toBe('Rhyme.');
  expect(changedParameters('c')).toBeUndefined();
  await act(() => vi.advanceTimersByTimeAsync(SAVE_AFTER_MS));
  expect(saved).toEqual([{ settings: { system_prompt: 'Rhyme.' } }]);
});

test('a turn can have what waits saved first', async () => {
  const { result } = show({});
  expect(saveNow('c')).toBeUndefined();
  act(() => result.current.setSystemPrompt('Rhyme.'));
  await act(() => saveNow('c'));
  expect(saved).toHaveLength(1);
  expect(saveNow('c')).toBeUndefined();
});

test('a preset brings what it has; all else is the default, but for the model', () => {
  const { result } = show({ temperature: 0.2, top_k: 5, model: 'big' });
  expect(result.current.current()).toEqual({ temperature: 0.2, top_k: 5, model: 'big' });
  act(() => result.current.apply({ max_tokens: 300, seed: 1, system_prompt: 'Rhyme.' }));
  expect(result.current.values).toMatchObject({ temperature: 0.7, max_tokens: 300, model: 'big' });
  expect(result.current.chosen).toEqual({ seed: 1 });
  expect(result.current.current()).toEqual({ max_tokens: 300, seed: 1, system_prompt: 'Rhyme.', model: 'big' });
  act(() => result.current.reset());
  expect(result.current.pristine).toBe(true);
  expect(result.current.systemPrompt).toBe('Rhyme.');
});
