/**
 * One turn: its command (none, for one begun elsewhere), how far it has come, and the
 * streams that tell it. It decides nothing about doors; the engine feeds it.
 */
import { strings } from '../strings';
import { toBody } from './api';
import type { ClientFrame, MessageStartEvent, StatusEvent } from '../protocol';
import type { Sent } from './outbox';
import { TurnError, type Command, type TurnEvent } from './types';

export class Turn {
  /** The command on its way; null for a turn begun by another tab or program, or before a reload. */
  private readonly sent: Sent | null;
  /** The reply's id, once known. */
  id: string | null;
  /** The reply's first snapshot has come. */
  started = false;
  stopWanted = false;
  done = false;
  /** Resolves when `done`, however it came to that. */
  readonly ended: Promise<void>;
  /** How many events have come: shows whether a frame was answered. */
  events = 0;
  /** The REST call that carries it, if one does. */
  rest: AbortController | null = null;

  /** Since when nothing could be reached (ms); null while something can. */
  private unreachableSince: number | null = null;
  private readonly over = new AbortController();
  private lastStatus: StatusEvent | null = null;
  private readonly readers = new Set<ReadableStreamDefaultController<TurnEvent>>();

  constructor(sent: Sent | null, id: string | null = null) {
    this.sent = sent;
    this.id = id;
    this.ended = new Promise((resolve) => {
      this.signal.addEventListener('abort', () => resolve());
    });
  }

  get command(): Command | null {
    return this.sent?.command ?? null;
  }

  /** The server has the message: it announced it, or the reply. */
  get accepted(): boolean {
    return this.sent?.accepted ?? true;
  }

  /** The server may have it. */
  get carried(): boolean {
    return this.sent?.carried ?? true;
  }

  /** Notes that a door gets it. */
  carry(): void {
    if (this.sent) this.sent.carried = true;
  }

  /** Aborted when the turn is done: cancels its timers and calls. */
  get signal(): AbortSignal {
    return this.over.signal;
  }

  /** The server has it, or a REST call carries it: a frame sent now arrives after it. */
  get isUnderway(): boolean {
    return this.accepted || this.rest !== null;
  }

  /** It has a text of its own. */
  get says(): boolean {
    return this.command !== null && 'content' in this.command;
  }

  /** Nothing could be reached: for how long already (ms). `now` is null where that is no wonder. */
  unreachableFor(now: number | null): number {
    this.unreachableSince = now === null ? null : (this.unreachableSince ?? now);
    return now === null ? 0 : now - this.unreachableSince!;
  }

  /** Is this event about this turn? */
  owns(event: { type: string; id: string; client_id?: string | null }): boolean {
    if (event.type !== 'user_message' && event.id === this.id) return true;
    return this.command !== null && event.client_id === this.command.clientId;
  }

  /**
   * Another reader: first the reply so far (as one snapshot), then the events that follow.
   * Cancelling a reader stops nothing.
   *
   * @param live the running reply as folded, when it is this turn's
   */
  stream(live: MessageStartEvent | null): ReadableStream<TurnEvent> {
    let reader: ReadableStreamDefaultController<TurnEvent>;
    return new ReadableStream<TurnEvent>(
      {
        start: (controller) => {
          reader = controller;
          if (live && this.started && live.id === this.id) controller.enqueue(live);
          if (this.lastStatus) controller.enqueue(this.lastStatus);
          this.readers.add(controller);
        },
        cancel: () => void this.readers.delete(reader),
      },
      // A slow reader must not hold up the others; the text is kept once in any case.
      { highWaterMark: Number.MAX_SAFE_INTEGER },
    );
  }

  /** Takes an event in and passes it to the readers. Ends them after `message_end`. */
  push(event: TurnEvent): void {
    if (this.done) return;
    this.events += 1;
    switch (event.type) {
      case 'message_start':
        this.id = event.id;
        this.started = true;
        break;
      case 'status':
        this.lastStatus = event;
        break;
      case 'delta':
      case 'reasoning_delta':
        // After Stop the text no longer grows; `message_end` brings the rest.
        if (this.stopWanted) return;
        break;
    }
    this.unreachableSince = null;
    for (const reader of this.readers) reader.enqueue(event);
    if (event.type === 'message_end') this.end((reader) => reader.close());
  }

  /** Ends the readers with an error: a stream that merely closed would count as complete. */
  fail(error: TurnError): void {
    this.end((reader) => reader.error(error));
  }

  private end(how: (reader: ReadableStreamDefaultController<TurnEvent>) => void): void {
    if (this.done) return;
    this.done = true;
    this.rest?.abort();
    this.rest = null;
    for (const reader of this.readers) how(reader);
    this.readers.clear();
    this.over.abort();
  }
}

/** The frame that starts the turn, or that asks for a snapshot of one begun elsewhere. */
export function toFrame(turn: Turn): ClientFrame {
  const { command } = turn;
  if (!command) return { type: 'follow', id: turn.id! };
  const body = toBody(command);
  return 'content' in body
    ? { type: 'user_message', ...body }
    : { type: 'regenerate', ...body };
}

/** The error of every turn after the connection has closed for good. */
export function fatalError(mode: 'signed_out' | 'missing', refused: boolean): TurnError {
  return mode === 'signed_out'
    ? new TurnError('not_authenticated', strings.errors.signedOut, refused)
    : new TurnError('not_found', strings.errors.missing, refused);
}
