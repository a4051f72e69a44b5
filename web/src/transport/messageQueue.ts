/**
 * The messages behind a running reply. The server keeps them; this is its last list of them,
 * and the ones in the outbox that it has not answered yet. A message keeps its client id, so one
 * that is sent twice is queued once.
 *
 * Over the socket the server sends every change. Over REST the queue is read again while it holds
 * something, because the server begins the next turn by itself.
 */
import { ApiError, toSaying } from './api';
import type { Attachment, Problem, QueuedItem } from '../protocol';
import type { Outbox, Sent } from './outbox';
import { TurnError, type Edges, type SayCommand, type TurnEvent, type Written } from './types';
import type { Socket } from './socket';

/** How often the queue is read over REST while it holds something (ms). */
export const QUEUE_POLL_MS = 1_500;
/** The server sends the queue as a socket opens; after this long (ms) without it, it is empty. */
export const CONFIRM_MS = 500;

export interface QueuedMessage {
  clientId: string;
  content: string;
  attachments?: readonly Attachment[] | undefined;
  /** The server has not confirmed it yet. */
  sending: boolean;
  /** Why its turn could not begin; it stays in the queue until the person edits it. */
  error?: Problem;
}

/** What the queue needs of the engine around it. */
export interface QueueDoors {
  /** The socket, when it is ready. */
  socket(): Socket | null;
  usesRest(): boolean;
  /** A message before these is on its way still: they must not overtake it. */
  held(): boolean;
  /** Something has changed without an event. */
  onStale(): void;
  /** REST was tried: it gave an answer, or none. */
  onAnswer(): void;
  onUnreachable(): void;
  onFatal(mode: 'signed_out' | 'missing'): void;
}

export class MessageQueue {
  /** All queued messages, in order. A new array for each change. */
  list: readonly QueuedMessage[] = [];
  /** Called for a message that the server refused: it goes back to where it was written. */
  onRefused: (message: Written, error: TurnError) => void = () => {};
  private readonly conversationId: string;
  private readonly edges: Edges;
  private readonly outbox: Outbox;
  private readonly doors: QueueDoors;
  /** Client ids that are being removed on the server: no door gets them meanwhile. */
  private readonly removing = new Set<string>();
  private readonly subscribers = new Set<() => void>();
  /** The server's last list. */
  private stored: readonly QueuedItem[] = [];
  private closing = new AbortController();
  private reading = false;
  private unconfirmed: unknown;

  constructor(conversationId: string, edges: Edges, outbox: Outbox, doors: QueueDoors) {
    this.conversationId = conversationId;
    this.edges = edges;
    this.outbox = outbox;
    this.doors = doors;
  }

  /** Calls `listener` when `list` has changed. Returns the function that stops it. */
  subscribe = (listener: () => void): (() => void) => {
    this.subscribers.add(listener);
    return () => void this.subscribers.delete(listener);
  };

  /** A reply was stopped: what waited behind it waits until it is resumed. */
  isHeld = false;

  /** A queued message will be sent; a refused or a held one will not. */
  get willSend(): boolean {
    return !this.isHeld && this.list.some((message) => !message.error);
  }

  /** The server has not answered for all of them. */
  get isAwaited(): boolean {
    return this.outbox.queued().length > 0;
  }

  /**
   * Queues a message. It shows in `list`; a refusal calls `onRefused`.
   *
   * @param carried an earlier page may have brought it to the server
   */
  add(command: SayCommand, carried = false): void {
    this.outbox.add({ ...command, queue: true }, carried);
    this.changed();
    this.flush();
  }

  /**
   * Removes a message, on the server too. A message on its way there is removed once it has arrived.
   * One of an earlier page may not be there yet, or never have got there: where the server does not
   * know it, it is sent, and removed then.
   *
   * Resolves to what was written, or to null when its turn has begun. Rejects when the server could
   * not be asked; then it is still queued.
   */
  async unqueue(clientId: string): Promise<Written | null> {
    // oxlint-disable-next-line no-await-in-loop -- another door may have it by then
    while (this.unanswered(clientId)?.door) await this.until(() => !this.unanswered(clientId)?.door);
    const unsent = this.unanswered(clientId);
    const queued = this.list.find((message) => message.clientId === clientId);
    if (!queued) return null;
    if (!unsent || unsent.carried) {
      this.removing.add(clientId);
      try {
        await this.edges.api.unqueue(this.conversationId, clientId);
      } catch (error) {
        this.removing.delete(clientId);
        this.flush();
        if (!(error instanceof ApiError && error.status === 404)) throw error;
        if (!this.unanswered(clientId)) return null;
        await this.until(() => !this.unanswered(clientId));
        return this.unqueue(clientId);
      }
      this.removing.delete(clientId);
    }
    this.drop(clientId);
    return { content: queued.content, attachments: queued.attachments };
  }

  /** Sends the first of the held messages; the others follow it. */
  async resume(): Promise<void> {
    if (this.doors.socket()?.send({ type: 'queue_resume' })) return;
    const answer = await this.edges.api.resumeQueue(this.conversationId);
    this.tell(answer.queue, answer.held);
    this.doors.onStale();
  }

  /** Puts the messages into this order. Those that the server does not have yet come behind. */
  async arrange(clientIds: readonly string[]): Promise<void> {
    if (this.doors.socket()?.send({ type: 'queue_order', client_ids: [...clientIds] })) return;
    const answer = await this.edges.api.orderQueue(this.conversationId, clientIds);
    this.tell(answer.queue, answer.held);
  }

  /**
   * Stops the running reply and sends this message; the others follow it. Resolves to false when its
   * turn has begun. By REST always: a frame would not tell that.
   */
  async sendNow(clientId: string): Promise<boolean> {
    try {
      const answer = await this.edges.api.sendNow(this.conversationId, clientId);
      if (this.doors.usesRest()) this.tell(answer.queue, answer.held);
      return true;
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return false;
      throw error;
    }
  }

  /** Resolves at a change of the queue after which this is true. */
  private until(isSo: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = () => {
        if (!isSo()) return;
        unsubscribe();
        resolve();
      };
      const unsubscribe = this.subscribe(look);
      look();
    });
  }

  /** Gives to a door what no door has. */
  flush(): void {
    const unanswered = this.outbox.queued();
    if (unanswered.length === 0 || this.doors.held()) return;
    const socket = this.doors.socket();
    if (!socket && this.doors.usesRest()) void this.carry();
    if (!socket) return;
    for (const sent of unanswered) {
      if (sent.door === socket || this.removing.has(sent.command.clientId)) continue;
      if (socket.send({ type: 'user_message', ...toSaying(sent.command) })) carry(sent, socket);
    }
  }

  onReady(): void {
    this.edges.clearTimeout(this.unconfirmed);
    if (this.stored.length > 0) this.unconfirmed = this.edges.setTimeout(() => this.tell([]), CONFIRM_MS);
    this.flush();
  }

  /** From now on there is only REST. */
  onRest(): void {
    this.edges.clearTimeout(this.unconfirmed);
    for (const sent of this.outbox.queued()) if (sent.door !== 'rest') sent.door = null;
    this.changed();
    if (!this.doors.held()) void this.carry();
    void this.read();
  }

  /** True when the event was about the queue and about nothing else. */
  hear(event: TurnEvent): boolean {
    if (event.type === 'queue') {
      this.tell(event.items, event.held);
      return true;
    }
    if (event.type === 'error') {
      const refused = this.unanswered(event.client_id);
      const { code, message, fields } = event;
      if (refused) this.refuse(refused, new TurnError(code, message, true, fields ?? null));
      return refused !== undefined;
    }
    const begun = event.type === 'user_message' || event.type === 'message_start';
    if (begun && event.client_id) this.drop(event.client_id);
    return false;
  }

  /** Nothing can be sent here any more; what the server has stays with it. */
  refuseAll(error: TurnError): void {
    for (const sent of this.outbox.queued()) this.refuse(sent, error);
  }

  close(): void {
    this.edges.clearTimeout(this.unconfirmed);
    this.closing.abort();
    this.closing = new AbortController();
  }

  // Over REST -----------------------------------------------------------------------------------

  /** One after the other: what was written first is sent first. */
  private async carry(): Promise<void> {
    const { signal } = this.closing;
    const unanswered = this.outbox.queued();
    const next = unanswered.find(
      ({ door, command }) => door === null && !this.removing.has(command.clientId),
    );
    if (!next || unanswered.some(({ door }) => door === 'rest')) return;
    carry(next, 'rest');
    try {
      const answer = await this.edges.api.say(this.conversationId, next.command, signal);
      if (signal.aborted) return;
      this.doors.onAnswer();
      this.outbox.accept(next.command.clientId);
      if ('queue' in answer) this.tell(answer.queue, answer.held);
      else this.doors.onStale(); // the reply before it had ended: its turn has begun
      this.changed();
      void this.read();
    } catch (error) {
      if (signal.aborted) return;
      this.onFailed(next, error);
      if (this.unanswered(next.command.clientId)) return; // later
    }
    this.flush();
  }

  private onFailed(sent: Sent<SayCommand>, error: unknown): void {
    if (sent.door === 'rest') sent.door = null;
    this.changed();
    if (!(error instanceof ApiError) || (!error.ours && error.status >= 500)) this.doors.onUnreachable();
    else if (error.status === 401) this.doors.onFatal('signed_out');
    else if (error.status === 404) this.doors.onFatal('missing');
    else this.refuse(sent, new TurnError(error.code, error.message, true, error.fields));
  }

  /** Reads the queue while REST is used and the queue holds something. */
  private async read(): Promise<void> {
    const { signal } = this.closing;
    if (this.reading) return;
    this.reading = true;
    do {
      // oxlint-disable-next-line no-await-in-loop -- one look after the other
      const answer = await this.edges.api.queue(this.conversationId, signal).catch(() => null);
      if (answer && !signal.aborted && this.doors.usesRest()) this.tell(answer.queue, answer.held);
      // oxlint-disable-next-line no-await-in-loop
      if (this.stored.length > 0) await this.pause(signal);
    } while (!signal.aborted && this.doors.usesRest() && this.stored.length > 0);
    this.reading = false;
  }

  private pause(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.edges.setTimeout(resolve, QUEUE_POLL_MS);
      signal.addEventListener('abort', () => {
        this.edges.clearTimeout(timer);
        resolve();
      });
    });
  }

  // State ---------------------------------------------------------------------------------------

  private tell(items: readonly QueuedItem[], held = false): void {
    this.edges.clearTimeout(this.unconfirmed);
    const ids = new Set(items.map((item) => item.client_id));
    const left = this.stored.some((item) => !ids.has(item.client_id));
    this.stored = items;
    this.isHeld = held;
    for (const id of ids) this.outbox.accept(id);
    this.changed();
    // Its turn has begun; over REST no event reports that.
    if (left && this.doors.usesRest()) this.doors.onStale();
  }

  private drop(clientId: string): void {
    const wasUnanswered = this.unanswered(clientId) !== undefined;
    if (wasUnanswered) this.outbox.forget(clientId);
    const stored = this.stored.filter((item) => item.client_id !== clientId);
    if (!wasUnanswered && stored.length === this.stored.length) return;
    this.stored = stored;
    this.changed();
  }

  /** The queued message of this client id, while the server has not answered it. */
  private unanswered(clientId: string | null | undefined): Sent<SayCommand> | undefined {
    return this.outbox.queued().find(({ command }) => command.clientId === clientId);
  }

  private refuse({ command }: Sent<SayCommand>, error: TurnError): void {
    this.drop(command.clientId);
    this.onRefused(command, error);
  }

  private changed(): void {
    const stored = this.stored.map(({ client_id: clientId, content, attachments, error }) => ({
      clientId,
      content,
      attachments,
      sending: false,
      ...(error ? { error } : {}),
    }));
    const sending = this.outbox.queued().map(({ command: { clientId, content, attachments } }) => ({
      clientId,
      content,
      attachments,
      sending: true,
    }));
    this.list = [...stored, ...sending];
    for (const subscriber of this.subscribers) subscriber();
  }
}

function carry(sent: Sent<SayCommand>, door: Socket | 'rest'): void {
  sent.door = door;
  sent.carried = true;
}
