/**
 * The files beside the draft of a conversation. They are uploaded as soon as they are chosen, go on
 * while another conversation is open, and what the server has stays through a reload. Of what it has
 * not, a browser keeps nothing but the name: it is told, and can be chosen again.
 */
import { errorWords } from '../errorWords';
import type { Attachment } from '../protocol';
import { keepForTab, readStored, takeFromTab, writeStored } from '../stored';
import { fileStrings } from '../strings/files';
import { api, ApiError, type Api } from '../transport/api';
import { uuid } from '../transport/edges';
import { upload, type Upload } from '../transport/upload';

/** Files of a message at most (`MOST_ATTACHMENTS` of the server). */
export const MOST_FILES = 10;
/** How many are uploaded at a time: a browser has few connections to a server. */
const AT_ONCE = 2;
/** How often the server is asked whether it has read a file (ms). */
const ASK_MS = 1_000;
/** The same while nothing answers. */
const ASK_LATER_MS = 10_000;

export interface DraftFile {
  key: string;
  name: string;
  size: number;
  /** Seems to be a picture; what it is decides the server. */
  isImage: boolean;
  state: 'waiting' | 'uploading' | 'reading' | 'ready' | 'failed';
  /** The share that has left, from 0 to 1. */
  progress: number;
  /** A picture of this page's own, until the server has one. */
  preview?: string | undefined;
  /** As the server has it. */
  stored?: Attachment | undefined;
  /** Why it cannot be sent. */
  error?: string | undefined;
  /** The page was left before it was uploaded. */
  isLost?: boolean | undefined;
  /** Nothing answered: it may go better another time. */
  canRetry?: boolean | undefined;
}

type Edges = { upload: Upload; api: Pick<Api, 'file' | 'describeFile' | 'deleteFile'> };

export class DraftFiles {
  /** In the order in which they were added. A new array for each change. */
  list: readonly DraftFile[] = [];
  private readonly conversationId: string;
  private readonly edges: Edges;
  private readonly temporary: boolean;
  private readonly subscribers = new Set<() => void>();
  /** What is being uploaded, or was not yet: by key. */
  private readonly sources = new Map<string, File>();
  private readonly uploads = new Map<string, AbortController>();

  /** @param temporary nothing is stored of it */
  constructor(conversationId: string, edges: Edges = { upload, api }, temporary = false) {
    this.conversationId = conversationId;
    this.temporary = temporary;
    this.edges = edges;
    this.addStored(readStored<Attachment[]>(this.name) ?? []);
    this.addLost(this.takeLeft());
    window.addEventListener('pagehide', () => this.leave());
    // A page that was only put aside still has its files.
    window.addEventListener('pageshow', () => this.takeLeft());
    window.addEventListener('online', () => {
      for (const file of this.list) if (file.canRetry) this.retry(file.key);
    });
  }

  /** Calls `listener` when `list` has changed. Returns the function that stops it. */
  subscribe = (listener: () => void): (() => void) => {
    this.subscribers.add(listener);
    return () => void this.subscribers.delete(listener);
  };

  /** Adds files of this device. Returns how many there was no place for. */
  add(files: readonly File[]): number {
    const again = this.list.filter((lost) => lost.isLost && files.some((file) => isSame(lost, file)));
    this.forget(again);
    const taken = files.slice(0, MOST_FILES - this.list.length);
    const added = taken.map((file): DraftFile => {
      const key = uuid();
      this.sources.set(key, file);
      const isImage = file.type.startsWith('image/');
      const preview = isImage ? URL.createObjectURL(file) : undefined;
      return { key, name: file.name, size: file.size, isImage, preview, state: 'waiting', progress: 0 };
    });
    this.show([...this.list, ...added]);
    this.begin();
    return files.length - taken.length;
  }

  /** Adds files that the server has, each once. Returns how many there was no place for. */
  addStored(stored: readonly Attachment[]): number {
    const known = new Set(this.list.map((file) => file.stored?.id));
    const others = stored.filter(({ id }) => !known.has(id));
    const added = others.slice(0, MOST_FILES - this.list.length).map(toDraft);
    if (added.length > 0) this.show([...this.list, ...added]);
    // It may be gone: a file that is not sent goes after a day.
    for (const file of added) void this.look(file.key);
    return others.length - added.length;
  }

  /** Removes a file: its upload is given up. One that was uploaded here is deleted. */
  remove(key: string): void {
    const file = this.list.find((candidate) => candidate.key === key);
    if (!file) return;
    this.uploads.get(key)?.abort();
    if (file.stored && this.sources.has(key)) void this.edges.api.deleteFile(file.stored.id).catch(() => undefined);
    this.forget([file]);
    this.begin();
  }

  retry(key: string): void {
    if (this.sources.has(key)) this.change(key, { state: 'waiting', progress: 0, error: undefined, canRetry: false });
    this.begin();
  }

  /** Describes a picture that the server has. Rejects when that could not be stored. */
  async describe(key: string, alt: string): Promise<void> {
    const stored = this.list.find((file) => file.key === key)?.stored;
    if (stored) this.hold(key, await this.edges.api.describeFile(stored.id, alt));
  }

  /** Takes the files out, to be sent. All of them are ready then. */
  take(): Attachment[] {
    const taken = this.list.flatMap(({ stored, state }) => (stored && state === 'ready' ? [stored] : []));
    this.forget(this.list);
    return taken;
  }

  private forget(files: readonly DraftFile[]): void {
    for (const { key, preview } of files) {
      if (preview) URL.revokeObjectURL(preview);
      this.sources.delete(key);
    }
    this.show(this.list.filter((file) => !files.includes(file)));
  }

  /** Uploads what waits, as far as there are places. */
  private begin(): void {
    for (const { key, state } of this.list) {
      if (this.uploads.size >= AT_ONCE) return;
      if (state === 'waiting') void this.upload(key);
    }
  }

  private async upload(key: string): Promise<void> {
    const giveUp = new AbortController();
    this.uploads.set(key, giveUp);
    this.change(key, { state: 'uploading' });
    try {
      const onProgress = (progress: number) => this.change(key, { progress });
      const stored = await this.edges.upload(
        this.sources.get(key)!, onProgress, giveUp.signal, this.temporary ? this.conversationId : undefined,
      );
      this.hold(key, stored);
      void this.look(key);
    } catch (error) {
      if (!giveUp.signal.aborted) this.change(key, { state: 'failed', ...describe(error) });
    }
    this.uploads.delete(key);
    this.begin();
  }

  /** Asks for a file until the server has read it. */
  private async look(key: string): Promise<void> {
    for (;;) {
      const stored = this.list.find((file) => file.key === key)?.stored;
      if (!stored || (this.sources.has(key) && stored.status !== 'processing')) return;
      let pause = ASK_MS;
      try {
        // oxlint-disable-next-line no-await-in-loop -- one look after the other
        const latest = await this.edges.api.file(stored.id);
        this.hold(key, latest);
        if (latest.status !== 'processing') return;
      } catch (error) {
        if (error instanceof ApiError && error.status === 404) {
          this.change(key, { state: 'failed', error: fileStrings.gone });
          return;
        }
        pause = ASK_LATER_MS;
      }
      // oxlint-disable-next-line no-await-in-loop
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }

  private hold(key: string, stored: Attachment): void {
    this.change(key, toDraft(stored));
  }

  private change(key: string, changes: Partial<DraftFile>): void {
    this.show(this.list.map((file) => (file.key === key ? { ...file, ...changes, key } : file)));
  }

  private show(list: readonly DraftFile[]): void {
    this.list = list;
    const kept = list.flatMap(({ stored, state }) => (stored && state !== 'failed' ? [stored] : []));
    writeStored(this.name, kept.length > 0 && !this.temporary ? kept : null);
    for (const subscriber of this.subscribers) subscriber();
  }

  /** Notes what an upload would lose, for the page that comes after this one in its tab. */
  private leave(): void {
    const unsent = this.list.filter((file) => file.isLost || (this.sources.has(file.key) && !file.stored));
    if (unsent.length > 0 && !this.temporary) keepForTab(this.leftName, unsent.map(({ name, size }) => ({ name, size })));
  }

  private takeLeft(): Left[] {
    return takeFromTab<Left[]>(this.leftName) ?? [];
  }

  private addLost(left: readonly Left[]): void {
    const lost = left.slice(0, MOST_FILES - this.list.length).map(
      ({ name, size }): DraftFile => ({
        key: uuid(), name, size, isImage: false, state: 'failed', progress: 0, isLost: true, error: fileStrings.lost,
      }),
    );
    if (lost.length > 0) this.show([...this.list, ...lost]);
  }

  private get name(): string {
    return `draft-files:${this.conversationId}`;
  }

  private get leftName(): string {
    return `unsent-files:${this.conversationId}`;
  }
}

type Left = Pick<DraftFile, 'name' | 'size'>;

function isSame(one: Left, other: Left): boolean {
  return one.name === other.name && one.size === other.size;
}

function toDraft(stored: Attachment): DraftFile {
  const { id, name, size, kind, status, error } = stored;
  const state = status === 'processing' ? 'reading' : status;
  const why = error ? { error: errorWords(error) } : {};
  return { key: id, name, size, isImage: kind === 'image', state, progress: 1, stored, ...why };
}

function describe(error: unknown): Pick<DraftFile, 'error' | 'canRetry'> {
  const answered = error instanceof ApiError && error.ours;
  return answered ? { error: errorWords(error) } : { error: fileStrings.noAnswer, canRetry: true };
}

const opened = new Map<string, DraftFiles>();

/** The files beside the draft of this conversation: the same object each time. */
export function draftFiles(conversationId: string, temporary = false): DraftFiles {
  const files = opened.get(conversationId) ?? new DraftFiles(conversationId, undefined, temporary);
  opened.set(conversationId, files);
  return files;
}
