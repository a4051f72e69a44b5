/** The values that the transport layer shows to the layers above it, and the edges it needs. */
import { errorWords } from '../errorWords';
import type { Api, Command, Fields, SayCommand, Written } from './api';
import type { MessageStartEvent, ServerEvent, UserMessageEvent } from '../protocol';

export type { Command, SayCommand, Written };

export type ConnectionMode =
  | 'connecting'
  | 'socket'
  | 'rest'
  | 'reconnecting'
  | 'offline'
  | 'signed_out'
  | 'missing';

export interface Connection {
  mode: ConnectionMode;
  /** Machine word for why, e.g. `refused` or `silent`; the page has the sentences. */
  reason?: string;
  /** When this mode began, in milliseconds of the edges' clock (`Date.now` in a browser). */
  since: number;
}

/** An event of a turn; the same on both doors but for the mark. */
export type TurnEvent = ServerEvent & { viaRest?: boolean };

/**
 * Something that this page did not ask for: a turn begun elsewhere (follow the running reply with
 * `attach`), or `stale`: events may have been missed; read the messages again.
 */
export type ForeignEvent = UserMessageEvent | MessageStartEvent | { type: 'stale' };

/** Why a turn ended without a `message_end`. */
export class TurnError extends Error {
  override readonly name = 'TurnError';
  readonly code: string;
  /** True when nothing was stored: the text may go back into the composer. */
  readonly refused: boolean;
  readonly fields: Fields | null;

  constructor(code: string, message: string, refused: boolean, fields: Fields | null = null) {
    super(errorWords({ code, message: fields ? withoutField(message) : message }));
    this.code = code;
    this.refused = refused;
    this.fields = fields;
  }
}

const FIELD = /^[a-z_]+(?:\.[a-z_]+)*: /;

/** "parameters.model: There is no …" → the sentence without the field. */
export function withoutField(message: string): string {
  return message.replace(FIELD, '');
}

export type Timer = unknown;

/** The part of a browser's WebSocket that is used. */
export interface SocketLike {
  send(text: string): void;
  close(): void;
  addEventListener(type: 'message', listener: (event: { data: unknown }) => void): void;
  addEventListener(type: 'close', listener: (event: { code: number }) => void): void;
}

/** Everything from outside, so that tests need neither a browser nor a clock. */
export interface Edges {
  api: Api;
  now(): number;
  /** 0 ≤ x < 1, for jitter. */
  random(): number;
  setTimeout(action: () => void, ms: number): Timer;
  clearTimeout(timer: Timer): void;
  openSocket(conversationId: string): SocketLike;
  online(): boolean;
  /** `wake`: the page can be seen again; `pagehide`: it goes. Returns the way to stop listening. */
  listen(event: 'online' | 'offline' | 'wake' | 'pagehide', listener: () => void): () => void;
  /** Storage that outlives the page, by name; null removes. It may keep nothing. */
  stored: { read<T>(name: string): T | undefined; write(name: string, value: unknown): void };
}
