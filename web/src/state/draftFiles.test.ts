import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Attachment } from '../protocol';
import { attachment } from '../testing/files';
import { pass } from '../testing/scripted';
import { fileStrings } from '../strings/files';
import { ApiError } from '../transport/apiError';
import { DraftFiles, MOST_FILES } from './draftFiles';

interface Running {
  name: string;
  progress(share: number): void;
  done(stored: Attachment): void;
  fail(error: unknown): void;
  signal: AbortSignal;
  chat: string | undefined;
}

let running: Running[];
const deleted = vi.fn<(id: string) => Promise<null>>();
const asked = vi.fn<(id: string) => Promise<Attachment>>();

const edges = {
  upload: (file: File, progress: Running['progress'], signal: AbortSignal, chat?: string) =>
    new Promise<Attachment>((done, fail) => running.push({ name: file.name, progress, done, fail, signal, chat })),
  api: {
    file: asked,
    deleteFile: deleted,
    describeFile: async (id: string, alt: string) => attachment(id, { alt }),
  },
};

const build = (temporary = false) => new DraftFiles('c', edges, temporary);
const chosen = (...names: string[]) => names.map((name) => new File(['x'], name, { type: 'text/plain' }));
const states = (files: DraftFiles) => files.list.map(({ name, state }) => [name, state]);

beforeEach(() => {
  vi.useFakeTimers();
  localStorage.clear();
  sessionStorage.clear();
  running = [];
  deleted.mockReset().mockResolvedValue(null);
  asked.mockReset().mockImplementation(async (id) => attachment(id));
});

afterEach(() => vi.useRealTimers());

describe('the files beside a draft', () => {
  it('are named when the page is left before they are uploaded, until they are chosen again', async () => {
    const files = build();
    files.add(chosen('done', 'half', 'waiting'));
    running[0]!.done(attachment('done'));
    await pass();
    window.dispatchEvent(new Event('pagehide'));
    const after = build();
    const lost = after.list.filter(({ isLost }) => isLost);
    expect(lost.map(({ name, state, error }) => [name, state, error])).toEqual([
      ['half', 'failed', fileStrings.lost],
      ['waiting', 'failed', fileStrings.lost],
    ]);
    after.add(chosen('half'));
    expect(after.list.filter(({ name }) => name === 'half').map(({ isLost }) => isLost)).toEqual([undefined]);
    expect(build().list.filter(({ isLost }) => isLost)).toEqual([]);
  });

  it('of a temporary chat go with it, and nothing is stored of them', async () => {
    const files = build(true);
    files.add(chosen('done', 'half'));
    expect(running.map(({ chat }) => chat)).toEqual(['c', 'c']);
    running[0]!.done(attachment('done'));
    await pass();
    window.dispatchEvent(new Event('pagehide'));
    expect(localStorage.length).toBe(0);
    files.take();
    const lasting = build();
    lasting.add(chosen('other'));
    expect(running.at(-1)?.chat).toBeUndefined();
  });

  it('are uploaded two at a time, and taken in their order', async () => {
    const files = build();
    files.add(chosen('a', 'b', 'c'));
    expect(states(files)).toEqual([['a', 'uploading'], ['b', 'uploading'], ['c', 'waiting']]);
    running[1]!.progress(0.5);
    expect(files.list[1]!.progress).toBe(0.5);
    running[1]!.done(attachment('b'));
    await pass();
    expect(running.map(({ name }) => name)).toEqual(['a', 'b', 'c']);
    running[0]!.done(attachment('a'));
    running[2]!.done(attachment('c'));
    await pass();
    expect(files.take().map(({ id }) => id)).toEqual(['a', 'b', 'c']);
    expect(files.list).toEqual([]);
    expect(build().list).toEqual([]);
  });

  it('stay through a reload as far as the server has them', async () => {
    const before = build();
    before.add(chosen('a', 'b'));
    running[0]!.done(attachment('a'));
    await pass();
    asked.mockRejectedValue(new ApiError(404, 'not_found', 'File not found.'));
    const after = build();
    expect(states(after)).toEqual([['a.txt', 'ready']]);
    await pass();
    expect(after.list[0]).toMatchObject({ state: 'failed', error: 'No longer on the server.' });
    expect(build().list).toEqual([]);
  });

  it('are asked for until the server has read them', async () => {
    const files = build();
    files.add(chosen('a'));
    asked.mockResolvedValueOnce(attachment('a', { status: 'processing' }));
    running[0]!.done(attachment('a', { status: 'processing' }));
    await pass();
    expect(states(files)).toEqual([['a.txt', 'reading']]);
    await pass(1_000);
    expect(states(files)).toEqual([['a.txt', 'ready']]);
    expect(asked).toHaveBeenCalledTimes(2);
  });

  it('go out again when the network is back', async () => {
    const files = build();
    files.add(chosen('a'));
    running[0]!.fail(new TypeError('No answer.'));
    await pass();
    expect(files.list[0]).toMatchObject({ state: 'failed', canRetry: true });
    window.dispatchEvent(new Event('online'));
    running[1]!.done(attachment('a'));
    await pass();
    expect(states(files)).toEqual([['a.txt', 'ready']]);
  });

  it('say why the server refused one, which is not tried again', async () => {
    const files = build();
    files.add(chosen('a'));
    running[0]!.fail(new ApiError(413, 'file_too_large', 'A file may have at most 20 MB.'));
    await pass();
    window.dispatchEvent(new Event('online'));
    expect(files.list[0]).toMatchObject({ state: 'failed', error: 'A file may have at most 20 MB.' });
    expect(running).toHaveLength(1);
  });

  it('that are removed are given up, or deleted where they were uploaded here', async () => {
    const files = build();
    files.add(chosen('a', 'b'));
    running[1]!.done(attachment('b'));
    await pass();
    files.addStored([attachment('old')]);
    for (const { key } of files.list) files.remove(key);
    expect(running[0]!.signal.aborted).toBe(true);
    expect(deleted.mock.calls).toEqual([['b']]);
    expect(files.list).toEqual([]);
  });

  it(`are at most ${MOST_FILES}, each once`, () => {
    const files = build();
    files.addStored([attachment('a'), attachment('b')]);
    expect(files.addStored([attachment('a')])).toBe(0);
    expect(files.add(chosen(...'1234567890'))).toBe(2);
    expect(files.addStored([attachment('c')])).toBe(1);
    expect(files.list).toHaveLength(MOST_FILES);
  });

  it('can be described', async () => {
    const files = build();
    files.addStored([attachment('a')]);
    await files.describe('a', 'A hill');
    expect(files.list[0]!.stored!.alt).toBe('A hill');
  });
});
