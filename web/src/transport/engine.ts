/**
 * The engine of one open conversation: one socket, REST when there is none, and the turns.
 *
 * A turn is one `client_id`; over the socket and over REST, its stream has the same events and ends
 * after `message_end`. No React and no SDK in here; everything from outside comes in as `Edges`.
 *
 * Doors: a socket lost before a reply began → the same client id by REST at once. Lost after →
 * the text stays, the socket is tried again (with the same client id; the snapshot replaces the
 * text), and REST takes over when that fails too. REST then stays for a while.
 */
import { strings } from '../strings';
import { Follower } from './follower';
import { Link } from './link';
import { MessageQueue } from './messageQueue';
import { Outbox } from './outbox';
import { RestDoor, startOf, type Outcome } from './rest';
import { Signal } from './signal';
import { fatalError, toFrame, Turn } from './turn';
import {
  TurnError,
  type Command,
  type Connection,
  type Edges,
  type ForeignEvent,
  type SayCommand,
  type TurnEvent,
} from './types';

/** A frame that is not answered within this long (ms) was sent into a dead socket. */
const ANSWER_TIMEOUT_MS = 5_000;
/** Nothing reachable for this long (ms), while not offline: the turn is given up (and can be retried). */
const GIVE_UP_MS = 60_000;

export class Engine {
  /** The messages behind the running reply. */
  readonly messageQueue: MessageQueue;
  private readonly edges: Edges;
  readonly link: Link;
  readonly outbox: Outbox;
  private readonly rest: RestDoor;
  private readonly turns = new Set<Turn>();
  private readonly foreign = new Signal<ForeignEvent>();
  private readonly heard = new Signal<TurnEvent>();
  /** Turns begun by another tab or program, and `stale`. Returns the way to stop. */
  readonly onForeign = this.foreign.listen;
  /** Every event that changed the thread, whether this page asked for it or not. Returns the way to stop. */
  readonly onEvent = this.heard.listen;
  private readonly follower = new Follower();
  /** The reply whose calls are not over, as far as is known. */
  private asking: string | null = null;
  /** Reads them, where there is no socket. */
  private calls: AbortController | null = null;

  constructor(conversationId: string, edges: Edges) {
    this.edges = edges;
    this.outbox = new Outbox(conversationId, edges);
    this.rest = new RestDoor(conversationId, edges, (turn, event) => {
      this.link.restWorks();
      this.deliver(event, turn);
    });
    this.link = new Link(conversationId, edges, {
      onReady: (missed) => this.onReady(missed),
      onEvent: (event) => this.receive(event),
      isAwaited: () =>
        this.messageQueue.isAwaited || [...this.turns].some((turn) => turn.command && !turn.started),
      onRest: () => {
        for (const turn of this.turns) if (!turn.rest) void this.carry(turn);
        this.messageQueue.onRest();
        if (this.asking) this.followCalls(this.asking);
      },
      onFatal: (mode) => this.failAll(mode),
      onLeave: () => void this.outbox.handOver(),
    });
    this.messageQueue = new MessageQueue(conversationId, edges, this.outbox, {
      socket: () => this.link.socket,
      usesRest: () => this.link.connection.mode === 'rest',
      held: () => [...this.turns].some((turn) => !turn.isUnderway),
      onStale: () => this.foreign.tell({ type: 'stale' }),
      onAnswer: () => this.link.restWorks(),
      onUnreachable: () => this.link.restFailed(),
      onFatal: (mode) => this.link.fatal(mode),
    });
  }

  get connection(): Connection {
    return this.link.connection;
  }

  /** The reply that has begun and runs. */
  get runningId(): string | null {
    return [...this.turns].findLast((turn) => turn.started)?.id ?? null;
  }

  /** Calls `listener` when `connection` has changed. Returns the function that stops it. */
  subscribe = (listener: () => void): (() => void) => this.link.subscribe(listener);

  /**
   * Connects, and sends what an earlier page could not. After `close` it may be opened again.
   *
   * @param known client ids of messages that the server has
   */
  open(known: ReadonlySet<string> = new Set()): void {
    for (const command of this.outbox.restore(known)) this.messageQueue.add(command, true);
    this.link.open();
  }

  /**
   * Asks for a reply. The stream errors with a TurnError when there will be none; cancelling it
   * stops nothing.
   */
  turn(command: Command): ReadableStream<TurnEvent> {
    const turn = new Turn(this.outbox.add(command));
    const stream = turn.stream(null);
    this.turns.add(turn);
    const { closed } = this.link;
    if (closed) this.fail(turn, fatalError(closed, true));
    else this.dispatch(turn);
    return stream;
  }

  /** Sends a message once the running reply has ended; `messageQueue` shows its state. */
  enqueue(command: SayCommand): void {
    const { closed } = this.link;
    this.messageQueue.add(command);
    if (closed) this.messageQueue.refuseAll(fatalError(closed, true));
    else if (!this.link.socket && !this.link.prefersRest()) this.link.connectNow();
  }

  /**
   * Follows a running reply: the one with this id, or the one known here.
   * Null when none is.
   */
  attach(messageId?: string): ReadableStream<TurnEvent> | null {
    let turn = this.find(messageId);
    if (!turn) {
      if (!messageId) return null;
      turn = new Turn(null, messageId);
      this.turns.add(turn);
      this.dispatch(turn);
    }
    return turn.stream(this.follower.live);
  }

  /**
   * Stops the reply (by default the running one), on whichever door is open; before its id is
   * known, as soon as it is. Resolves when the reply has ended; does nothing when nothing runs.
   */
  async stop(messageId?: string): Promise<void> {
    const turn = this.find(messageId);
    if (!turn) return;
    if (!turn.carried) {
      this.fail(turn, new TurnError('cancelled', strings.errors.cancelled, true));
    } else if (!turn.stopWanted) {
      const since = new Date(this.edges.now()).toISOString();
      if (turn.id) this.deliver({ type: 'status', id: turn.id, phase: 'stopping', since }, turn);
      turn.stopWanted = true;
      this.sendStop(turn);
    }
    await turn.ended;
  }

  /**
   * Goes on with the turn of a reply that called tools. While there is no socket, which would tell
   * it, what becomes of the calls is read, and the reply that follows them.
   */
  followCalls(messageId: string): void {
    this.asking = messageId;
    if (this.calls || this.link.connection.mode !== 'rest') return;
    const abort = new AbortController();
    this.calls = abort;
    const reading = this.rest.followCalls(messageId, abort.signal, (event) => this.receive(event));
    void reading.then((next) => {
      if (abort.signal.aborted) return;
      this.calls = this.asking = null;
      if (!next) return;
      this.receive(startOf(next));
      const turn = this.find(next.id);
      if (turn && !turn.rest) void this.carry(turn);
    });
  }

  private endCalls(): void {
    this.calls?.abort();
    this.calls = null;
  }

  /** Leaves: closes the socket and ends the streams, stops no reply. Unaccepted commands go by REST. */
  close(): void {
    void this.outbox.handOver();
    for (const turn of this.turns) turn.fail(new TurnError('closed', strings.errors.closed, false));
    this.turns.clear();
    this.endCalls();
    this.messageQueue.close();
    this.link.close();
  }

  private find(messageId?: string): Turn | undefined {
    const turns = [...this.turns];
    return messageId ? turns.find((turn) => turn.id === messageId) : turns.at(-1);
  }

  // Sending -------------------------------------------------------------------------------------

  private dispatch(turn: Turn): void {
    if (this.sendTurn(turn)) return;
    if (this.link.prefersRest()) void this.carry(turn);
    else this.link.connectNow();
  }

  /** Puts the turn on the socket. False when there is none ready. */
  private sendTurn(turn: Turn): boolean {
    const socket = this.link.socket;
    if (!socket?.send(toFrame(turn))) return false;
    turn.carry();
    const { events } = turn;
    this.afterPatience(turn, () => {
      if (turn.events === events && this.link.socket === socket) socket.drop('no_answer');
    });
    return true;
  }

  private afterPatience(turn: Turn, action: () => void): void {
    const timer = this.edges.setTimeout(action, ANSWER_TIMEOUT_MS);
    turn.signal.addEventListener('abort', () => this.edges.clearTimeout(timer));
  }

  private sendStop(turn: Turn): void {
    if (turn.id && this.link.socket?.send({ type: 'stop', id: turn.id })) {
      this.afterPatience(turn, () => void this.rest.stop(turn));
    } else if (turn.rest) {
      void this.rest.stop(turn);
    }
    // Else it goes out with the reply's id, or when a door opens.
  }

  private async carry(turn: Turn): Promise<void> {
    const carrying = this.rest.carry(turn);
    if (turn.stopWanted) void this.rest.stop(turn);
    const outcome = await carrying;
    if (outcome !== 'unreachable' && outcome !== 'aborted') this.link.restWorks();
    this.settle(turn, outcome);
  }

  private settle(turn: Turn, outcome: Outcome): void {
    if (turn.done || outcome === 'aborted' || outcome === 'ended') return;
    if (outcome instanceof TurnError) return this.fail(turn, outcome);
    if (outcome !== 'unreachable') return this.link.fatal(outcome);
    const offline = this.link.connection.mode === 'offline';
    if (turn.unreachableFor(offline ? null : this.edges.now()) >= GIVE_UP_MS) {
      this.fail(turn, new TurnError('unreachable', strings.errors.unreachable, false));
    }
    this.link.restFailed();
  }

  private fail(turn: Turn, error: TurnError): void {
    this.turns.delete(turn);
    // A text that may not have arrived is kept; a regeneration can be asked for again.
    if (error.refused || !turn.says) this.outbox.forget(turn.command?.clientId);
    turn.fail(error);
    this.messageQueue.flush();
  }

  private failAll(mode: 'signed_out' | 'missing'): void {
    for (const turn of this.turns) this.fail(turn, fatalError(mode, !turn.accepted));
    this.messageQueue.refuseAll(fatalError(mode, true));
  }

  // Hearing -------------------------------------------------------------------------------------

  private onReady(missed: boolean): void {
    this.endCalls();
    for (const turn of this.turns) {
      turn.rest?.abort();
      turn.rest = null;
      this.sendTurn(turn);
      if (turn.stopWanted) this.sendStop(turn);
    }
    if (missed) this.foreign.tell({ type: 'stale' });
    this.messageQueue.onReady();
  }

  private receive(event: TurnEvent): void {
    if (this.messageQueue.hear(event)) return;
    if (event.type === 'error') {
      if (event.client_id === undefined) return; // about the socket: what follows tells the rest
      const turn = [...this.turns].find(({ command }) => command?.clientId === event.client_id);
      const fields = event.fields ?? null;
      if (turn) this.fail(turn, new TurnError(event.code, event.message, !turn.accepted, fields));
      return;
    }
    const turn = 'id' in event ? [...this.turns].find((candidate) => candidate.owns(event)) : undefined;
    this.deliver(event, turn ?? this.adopt(event));
  }

  /** A turn begun elsewhere, or undefined when this event begins none. */
  private adopt(event: TurnEvent): Turn | undefined {
    if (event.type === 'user_message' && !this.follower.knows(event.id)) {
      this.foreign.tell(event);
    }
    // A snapshot of a reply that has ended here already answers a `follow` sent before the end.
    if (event.type !== 'message_start' || this.follower.knows(event.id)) return undefined;
    const turn = new Turn(null, event.id);
    this.turns.add(turn);
    return turn;
  }

  private deliver(event: TurnEvent, turn: Turn | undefined): void {
    if (event.type === 'user_message' || event.type === 'message_start') {
      this.outbox.accept(turn?.command?.clientId ?? event.client_id);
    }
    const news = this.follower.take(event);
    if (news === 'gap' && 'id' in event) this.link.socket?.send({ type: 'follow', id: event.id });
    if (news !== 'new') return;
    const wasStarted = turn?.started;
    turn?.push(event);
    if (turn && event.type === 'message_start' && !wasStarted) this.onStarted(turn, event);
    if (turn?.done) this.turns.delete(turn);
    if (turn) this.messageQueue.flush();
    this.heard.tell(event);
    if (event.type === 'message_start') this.asking = null;
    if (event.type === 'message_end' && event.next) this.followCalls(event.id);
  }

  private onStarted(turn: Turn, event: TurnEvent & { type: 'message_start' }): void {
    if (turn.stopWanted && !turn.rest) this.sendStop(turn);
    if (!turn.command) this.foreign.tell(event);
  }
}

/** Call `open` to connect, and `close` when the page leaves the conversation. */
export const createEngine = (id: string, edges: Edges): Engine => new Engine(id, edges);
