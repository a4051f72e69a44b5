/**
 * The messages that wait until the reply before them has ended. The server keeps them; here is
 * what it has told of them, and those that it has not answered yet. A message is known by its
 * client id throughout, so that whatever is sent twice waits once and is said once.
 *
 * With a socket the server tells every change. Over REST the line is read again while something
 * waits in it, because the server begins the next turn by itself.
 */
import { ApiError, toSaying } from './api';
import type { Problem, QueuedItem } from '../protocol';
import type { Outbox } from './outbox';
import { TurnError, type Edges, type SayCommand, type TurnEvent } from './types';
import type { Socket } from './socket';

/** How often the line is read over REST while something waits (ms). */
export const LINE_POLL_MS = 1_500;
/** A socket tells the line as it opens; without a word for this long (ms), nothing waits. */
export const CONFIRM_MS = 500;

export interface WaitingMessage {
  clientId: string;
  content: string;
  /** The server has not said yet that it has it. */
  sending: boolean;
  /** Why its turn could not begin; it then waits to be taken back. */
  error?: Problem;
}

/** What the line needs of the engine around it. */
export interface LineDoors {
  /** The socket, when it is ready. */
  socket(): Socket | null;
  usesRest(): boolean;
  /** A message before these is on its way still: they must not overtake it. */
  held(): boolean;
  /** Things have happened that no event tells. */
  onStale(): void;
  /** REST was tried: it gave an answer, or none. */
  onAnswer(): void;
  onUnreachable(): void;
  onFatal(mode: 'signed_out' | 'missing'): void;
}

interface Unanswered {
  command: SayCommand;
  /** What carries it at the moment. */
  by: Socket | 'rest' | null;
  /** Something did carry it once: the server may have it. */
  carried: boolean;
}

export class WaitingLine {
  /** Everything that waits, in order. A new array for each change. */
  list: readonly WaitingMessage[] = [];
  /** Is told what could not even wait: its text goes back to where it was written. */
  onRefused: (content: string, error: TurnError) => void = () => {};
  private readonly conversationId: string;
  private readonly edges: Edges;
  private readonly outbox: Outbox;
  private readonly doors: LineDoors;
  private readonly unanswered = new Map<string, Unanswered>();
  /** What is being taken back on the server: no door gets it meanwhile. */
  private readonly leaving = new Set<string>();
  private readonly subscribers = new Set<() => void>();
  private told: readonly QueuedItem[] = [];
  private closing = new AbortController();
  private reading = false;
  private unconfirmed: unknown;

  constructor(conversationId: string, edges: Edges, outbox: Outbox, doors: LineDoors) {
    this.conversationId = conversationId;
    this.edges = edges;
    this.outbox = outbox;
    this.doors = doors;
  }

  /** Tells when `list` has changed. Returns the way to stop. */
  subscribe = (listener: () => void): (() => void) => {
    this.subscribers.add(listener);
    return () => void this.subscribers.delete(listener);
  };

  /** Something is about to be said by itself; one that was refused is not. */
  get moves(): boolean {
    return this.list.some((one) => !one.error);
  }

  /** The server has not answered for all of them. */
  get isAwaited(): boolean {
    return this.unanswered.size > 0;
  }

  /**
   * Lets a message wait. What becomes of it is in `list`, or told to `onRefused`.
   *
   * @param carried an earlier page may have brought it to the server
   */
  add(command: SayCommand, carried = false): void {
    this.outbox.keep(command);
    this.unanswered.set(command.clientId, { command: { ...command, queue: true }, by: null, carried });
    this.changed();
    this.flush();
  }

  /**
   * Takes a message back, on the server too; one that is on its way there, when it has arrived.
   *
   * Resolves to its text, or to null when it is being said already. Rejects when the server could
   * not be asked; then it still waits.
   */
  async takeBack(clientId: string): Promise<string | null> {
    // oxlint-disable-next-line no-await-in-loop -- another door may have it by then
    while (this.unanswered.get(clientId)?.by) await this.arrived(clientId);
    const unsent = this.unanswered.get(clientId);
    const content = this.list.find((one) => one.clientId === clientId)?.content ?? null;
    if (content === null) return null;
    if (!unsent || unsent.carried) {
      this.leaving.add(clientId);
      try {
        await this.edges.api.unqueue(this.conversationId, clientId);
      } catch (error) {
        this.leaving.delete(clientId);
        this.flush();
        if (!(error instanceof ApiError && error.status === 404)) throw error;
        return null;
      }
      this.leaving.delete(clientId);
    }
    this.drop(clientId);
    return content;
  }

  /** Resolves when nothing carries the message any more. */
  private arrived(clientId: string): Promise<void> {
    return new Promise((resolve) => {
      const look = () => {
        if (this.unanswered.get(clientId)?.by) return;
        unsubscribe();
        resolve();
      };
      const unsubscribe = this.subscribe(look);
      look();
    });
  }

  /** Gives to a door what no door has. */
  flush(): void {
    if (this.unanswered.size === 0 || this.doors.held()) return;
    const socket = this.doors.socket();
    if (!socket && this.doors.usesRest()) void this.carry();
    if (!socket) return;
    for (const one of this.unanswered.values()) {
      if (one.by === socket || this.leaving.has(one.command.clientId)) continue;
      if (socket.send({ type: 'user_message', ...toSaying(one.command) })) carry(one, socket);
    }
  }

  onReady(): void {
    this.edges.clearTimeout(this.unconfirmed);
    if (this.told.length > 0) this.unconfirmed = this.edges.setTimeout(() => this.tell([]), CONFIRM_MS);
    this.flush();
  }

  /** From now on there is only REST. */
  onRest(): void {
    this.edges.clearTimeout(this.unconfirmed);
    for (const one of this.unanswered.values()) if (one.by !== 'rest') one.by = null;
    this.changed();
    if (!this.doors.held()) void this.carry();
    void this.read();
  }

  /** True when the event was about the line and about nothing else. */
  hear(event: TurnEvent): boolean {
    if (event.type === 'queue') {
      this.tell(event.items);
      return true;
    }
    if (event.type === 'error') {
      const refused = this.unanswered.get(event.client_id ?? '');
      const { code, message, fields } = event;
      if (refused) this.refuse(refused, new TurnError(code, message, true, fields ?? null));
      return refused !== undefined;
    }
    const said = event.type === 'user_message' || event.type === 'message_start';
    if (said && event.client_id) this.drop(event.client_id);
    return false;
  }

  /** Nothing will be said here any more; what the server has stays with it. */
  refuseAll(error: TurnError): void {
    for (const one of this.unanswered.values()) this.refuse(one, error);
  }

  close(): void {
    this.edges.clearTimeout(this.unconfirmed);
    this.closing.abort();
    this.closing = new AbortController();
  }

  // Over REST -----------------------------------------------------------------------------------

  /** One after the other: what was written first is to be said first. */
  private async carry(): Promise<void> {
    const { signal } = this.closing;
    const one = [...this.unanswered.values()].find(
      ({ by, command }) => by === null && !this.leaving.has(command.clientId),
    );
    if (!one || [...this.unanswered.values()].some(({ by }) => by === 'rest')) return;
    carry(one, 'rest');
    try {
      const answer = await this.edges.api.say(this.conversationId, one.command, signal);
      if (signal.aborted) return;
      this.doors.onAnswer();
      this.answered(one.command.clientId);
      if ('queue' in answer) this.tell(answer.queue);
      else this.doors.onStale(); // the reply before it had ended: it has been said
      this.changed();
      void this.read();
    } catch (error) {
      if (signal.aborted) return;
      this.onFailed(one, error);
      if (this.unanswered.has(one.command.clientId)) return; // later
    }
    this.flush();
  }

  private onFailed(one: Unanswered, error: unknown): void {
    if (one.by === 'rest') one.by = null;
    this.changed();
    if (!(error instanceof ApiError) || (!error.ours && error.status >= 500)) this.doors.onUnreachable();
    else if (error.status === 401) this.doors.onFatal('signed_out');
    else if (error.status === 404) this.doors.onFatal('missing');
    else this.refuse(one, new TurnError(error.code, error.message, true, error.fields));
  }

  /** Reads the line while REST is used and something waits. */
  private async read(): Promise<void> {
    const { signal } = this.closing;
    if (this.reading) return;
    this.reading = true;
    do {
      // oxlint-disable-next-line no-await-in-loop -- one look after the other
      const answer = await this.edges.api.queue(this.conversationId, signal).catch(() => null);
      if (answer && !signal.aborted && this.doors.usesRest()) this.tell(answer.queue);
      // oxlint-disable-next-line no-await-in-loop
      if (this.told.length > 0) await this.pause(signal);
    } while (!signal.aborted && this.doors.usesRest() && this.told.length > 0);
    this.reading = false;
  }

  private pause(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.edges.setTimeout(resolve, LINE_POLL_MS);
      signal.addEventListener('abort', () => {
        this.edges.clearTimeout(timer);
        resolve();
      });
    });
  }

  // What is known -------------------------------------------------------------------------------

  private tell(items: readonly QueuedItem[]): void {
    this.edges.clearTimeout(this.unconfirmed);
    const ids = new Set(items.map((item) => item.client_id));
    const left = this.told.some((item) => !ids.has(item.client_id));
    this.told = items;
    for (const id of ids) this.answered(id);
    this.changed();
    // It is being said, and over REST nobody tells that.
    if (left && this.doors.usesRest()) this.doors.onStale();
  }

  private drop(clientId: string): void {
    const known = this.answered(clientId);
    const told = this.told.filter((item) => item.client_id !== clientId);
    if (!known && told.length === this.told.length) return;
    this.told = told;
    this.changed();
  }

  private answered(clientId: string): boolean {
    this.outbox.forget(clientId);
    return this.unanswered.delete(clientId);
  }

  private refuse({ command }: Unanswered, error: TurnError): void {
    this.drop(command.clientId);
    this.onRefused(command.content, error);
  }

  private changed(): void {
    const waiting = this.told.map(({ client_id: clientId, content, error }) => ({
      clientId,
      content,
      sending: false,
      ...(error ? { error } : {}),
    }));
    const sending = [...this.unanswered.values()].map(({ command: { clientId, content } }) => ({
      clientId,
      content,
      sending: true,
    }));
    this.list = [...waiting, ...sending];
    for (const subscriber of this.subscribers) subscriber();
  }
}

function carry(one: Unanswered, by: Socket | 'rest'): void {
  one.by = by;
  one.carried = true;
}
