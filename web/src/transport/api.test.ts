import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ApiError, createApi, readCookie } from './api';

let answers: Response[];
const asked: { path: string; init: RequestInit }[] = [];
const api = createApi({
  fetch: async (input, init = {}) => {
    asked.push({ path: String(input), init });
    const answer = answers.shift();
    if (answer) return answer;
    return new Promise((_, reject) => {
      init.signal?.addEventListener('abort', () => reject(init.signal?.reason as Error));
    });
  },
  csrfToken: () => 'token',
});

const json = (status: number, value: unknown) => new Response(JSON.stringify(value), { status });

beforeEach(() => {
  asked.length = 0;
  answers = [];
  vi.useFakeTimers();
});
afterEach(() => void vi.useRealTimers());

describe('asking', () => {
  test('reading carries no token, writing does', async () => {
    answers = [json(200, { id: 'c' }), json(200, { id: 'c' })];
    await api.conversation('c');
    await api.saveSettings('c', { top_p: 0.5 });
    const [read, write] = asked.map(({ init }) => new Headers(init.headers));
    expect(read?.get('X-CSRFToken')).toBeNull();
    expect(write?.get('X-CSRFToken')).toBe('token');
    expect(asked[1]?.init).toMatchObject({
      method: 'PATCH',
      body: '{"settings":{"top_p":0.5}}',
      credentials: 'same-origin',
    });
  });

  test('what is shown before it is stored outlives the page', async () => {
    answers = [json(200, {}), json(200, {}), json(200, {})];
    await api.saveSettings('c', { top_p: 0.5 });
    await api.rate('m', -1, 'wrong');
    await api.message('m');
    expect(asked.map(({ init }) => init.keepalive)).toEqual([true, true, false]);
  });

  test('all pages of the tree are one list', async () => {
    answers = [
      json(200, { results: [{ id: '1' }], next: 'http://inside:8000/api/x/?after=1&limit=9', previous: null }),
      json(200, { results: [{ id: '2' }], next: null, previous: null }),
    ];
    expect(await api.tree('c')).toEqual([{ id: '1' }, { id: '2' }]);
    expect(asked.map(({ path }) => path)).toEqual([
      '/api/conversations/c/messages/?branch=all&limit=1000',
      '/api/conversations/c/messages/?after=1&limit=9',
    ]);
  });

  test('the shown branch is read from its end', async () => {
    const page = json(200, { results: [{ id: '1' }], next: null, previous: '/api/x/' });
    answers = [page, json(200, { results: [], next: null, previous: null })];
    expect(await api.latest('c', { limit: 5 })).toEqual({ messages: [{ id: '1' }], more: true });
    expect(await api.latest('c', { limit: 5, before: '1' })).toEqual({ messages: [], more: false });
    expect(asked.map(({ path }) => path.split('?')[1])).toEqual([
      'branch=head&from=end&limit=5',
      'branch=head&before=1&limit=5',
    ]);
  });

  test('generate sends only what was given', async () => {
    answers = [json(200, { message: {} }), json(200, { message: {} })];
    await api.generate('c', { clientId: 'k', content: 'hi', parentId: 'p', parameters: {} });
    await api.generate('c', { clientId: 'k', messageId: 'a', parameters: { temperature: 0 } });
    expect(asked.map(({ init }) => JSON.parse(String(init.body)))).toEqual([
      { client_id: 'k', content: 'hi', parent_id: 'p' },
      { client_id: 'k', message_id: 'a', parameters: { temperature: 0 } },
    ]);
  });
});

describe('errors', () => {
  test('have the code, the sentence and the fields of the server', async () => {
    const error = { code: 'validation_error', message: 'No.', fields: { content: ['Empty.'] } };
    answers = [json(400, { error })];
    await expect(api.me()).rejects.toMatchObject({ name: 'ApiError', status: 400, ...error });
  });

  test.each(['<html>Bad gateway</html>', ''])('a page that is not ours: %j', async (body) => {
    answers = [new Response(body, { status: 502 })];
    await expect(api.me()).rejects.toMatchObject({ status: 502, code: 'http_502', ours: false });
  });

  test('a failed reply comes with its rows, and is an answer', async () => {
    const failed = { error: { code: 'provider_error', message: 'x' }, message: { id: 'a' } };
    answers = [json(502, failed), json(502, { error: failed.error })];
    const command = { clientId: 'k', content: 'hi' };
    expect(await api.generate('c', command)).toEqual(failed);
    await expect(api.generate('c', command)).rejects.toBeInstanceOf(ApiError);
  });

  test('no answer in time is a TimeoutError; leaving is an AbortError', async () => {
    const late = api.me().catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(await late).toMatchObject({ name: 'TimeoutError' });
    const abort = new AbortController();
    const left = api.me(abort.signal).catch((error: unknown) => error);
    abort.abort();
    expect(await left).toMatchObject({ name: 'AbortError' });
    expect(vi.getTimerCount()).toBe(0);
  });
});

test('a cookie is found by its whole name', () => {
  const cookies = 'theme=dark; xcsrftoken=no; csrftoken=a%20b';
  expect(readCookie(cookies, 'csrftoken')).toBe('a b');
  expect(readCookie(cookies, 'token')).toBe('');
});
