/**
 * Keeps one socket open for a conversation, and describes the connection: when it waits,
 * when REST is used, when trying is useless. It does not know turns.
 */
import type { ServerEvent } from '../protocol';
import { Socket, type Loss } from './socket';
import type { Connection, ConnectionMode, Edges, Timer } from './types';

/** After a fallback REST stays for this long (ms) before the socket is tried again. */
const REST_STAYS_MS = 30_000;
/** A socket that has worked before is tried this often before REST takes over. */
const ATTEMPTS = 3;
/** How often a connection is tried while the browser reports no network (ms). */
const OFFLINE_RETRY_MS = 5_000;
const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 10_000;

export interface LinkListener {
  /** @param missed events may have been missed since the last one */
  onReady(missed: boolean): void;
  onEvent(event: ServerEvent): void;
  /** A reply is awaited that has not begun: REST is used at once. */
  isAwaited(): boolean;
  /** From now on REST carries the unfinished turns. */
  onRest(): void;
  /** An answer, not a failure: nothing is tried any more. */
  onFatal(mode: 'signed_out' | 'missing'): void;
  /** The page goes. */
  onLeave(): void;
}

export class Link {
  connection: Connection;
  private readonly conversationId: string;
  private readonly edges: Edges;
  private readonly listener: LinkListener;
  private readonly subscribers = new Set<() => void>();
  private current: Socket | null = null;
  private retry: Timer = undefined;
  private opened = false;
  private everReady = false;
  /** Sockets that were lost one after the other without having been ready. */
  private failures = 0;
  private restUntil = 0;
  /** REST was tried and got no answer either. */
  private unreachable = false;
  private unlisten: (() => void)[] = [];

  constructor(conversationId: string, edges: Edges, listener: LinkListener) {
    this.conversationId = conversationId;
    this.edges = edges;
    this.listener = listener;
    this.connection = { mode: 'connecting', since: edges.now() };
  }

  /** The socket, when it is ready. */
  get socket(): Socket | null {
    return this.current?.ready ? this.current : null;
  }

  /** An answer has closed it for good. */
  get closed(): 'signed_out' | 'missing' | null {
    const { mode } = this.connection;
    return mode === 'signed_out' || mode === 'missing' ? mode : null;
  }

  subscribe(listener: () => void): () => void {
    this.subscribers.add(listener);
    return () => void this.subscribers.delete(listener);
  }

  open(): void {
    if (this.opened) return;
    this.opened = true;
    this.unlisten = [
      this.edges.listen('offline', () => this.onOffline()),
      this.edges.listen('online', () => this.onOnline()),
      this.edges.listen('wake', () => this.onWake()),
      this.edges.listen('pagehide', () => this.listener.onLeave()),
    ];
    this.setMode(this.edges.online() ? 'connecting' : 'offline');
    this.connect();
  }

  close(): void {
    this.opened = false;
    for (const stop of this.unlisten) stop();
    this.unlisten = [];
    this.hangUp();
  }

  /** Should a turn go by REST without trying the socket? */
  prefersRest(): boolean {
    return (
      this.connection.mode === 'rest' && !this.unreachable && this.edges.now() < this.restUntil
    );
  }

  /** When the last frame came on the ready socket (ms), heartbeats included; null without one. */
  get heardAt(): number | null {
    return this.socket?.heardAt ?? null;
  }

  /** Tries the socket now instead of at the end of the pause. */
  connectNow(): void {
    this.connect();
  }

  /** Tries to connect at once: after signing in, or when asked. */
  tryNow(): void {
    this.onWake();
    this.connect();
  }

  /** Nothing is tried any more, until the page is looked at again (signed out). */
  fatal(mode: 'signed_out' | 'missing'): void {
    this.hangUp();
    this.setMode(mode);
    this.listener.onFatal(mode);
  }

  /** REST gave no answer: the socket is tried again after a pause, then REST. */
  restFailed(): void {
    this.unreachable = true;
    if (this.socket || this.isFatal()) return;
    this.failures += 1;
    if (this.connection.mode !== 'offline') this.setMode('reconnecting', 'unreachable');
    this.schedule();
  }

  /** REST gave an answer. */
  restWorks(): void {
    if (!this.unreachable) return;
    this.unreachable = false;
    if (!this.socket && !this.isFatal()) this.useRest('unreachable');
  }

  private connect(): void {
    if (!this.opened || this.current || this.isFatal()) return;
    this.edges.clearTimeout(this.retry);
    const socket = new Socket(this.conversationId, this.edges, {
      onReady: () => this.onReady(),
      onHeard: () => {
        // The browser's word for "no network" is a guess; a frame is a fact.
        if (this.connection.mode === 'offline' && socket.ready) this.setMode('socket');
      },
      onEvent: (event) => this.listener.onEvent(event),
      onLost: (loss) => this.onLost(loss),
    });
    this.current = socket;
  }

  private onReady(): void {
    const missed = this.everReady || this.connection.mode !== 'connecting';
    this.everReady = true;
    this.failures = 0;
    this.unreachable = false;
    this.setMode('socket');
    this.listener.onReady(missed);
  }

  private onLost({ reason, wasReady }: Loss): void {
    this.current = null;
    if (reason === 'signed_out' || reason === 'missing') return this.fatal(reason);
    this.failures = wasReady ? 0 : this.failures + 1;
    if (!this.edges.online()) {
      this.setMode('offline', reason);
      this.schedule();
      return;
    }
    const worthTrying = this.everReady && this.failures < ATTEMPTS && reason !== 'no_answer';
    if (worthTrying && !this.listener.isAwaited()) {
      if (this.connection.mode !== 'rest') this.setMode('reconnecting', reason);
      this.schedule();
    } else {
      this.useRest(reason);
      this.listener.onRest();
    }
  }

  private useRest(reason: string): void {
    this.restUntil = this.edges.now() + REST_STAYS_MS;
    // While REST gives no answer either, the mode stays what it is until one of the two does.
    if (!this.unreachable) this.setMode('rest', reason);
    this.schedule(REST_STAYS_MS);
  }

  private schedule(ms = this.pause()): void {
    this.edges.clearTimeout(this.retry);
    this.retry = this.edges.setTimeout(() => this.connect(), ms);
  }

  /** Grows with the failures; half of it is chance, so that a restart is not met by everybody. */
  private pause(): number {
    if (this.connection.mode === 'offline') return OFFLINE_RETRY_MS;
    const full = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** this.failures);
    return full * (0.5 + this.edges.random() / 2);
  }

  private onOffline(): void {
    if (this.isFatal()) return;
    this.setMode('offline');
    if (!this.current) this.schedule();
  }

  private onOnline(): void {
    if (this.connection.mode !== 'offline') return;
    this.failures = 0;
    this.setMode(this.socket ? 'socket' : 'reconnecting', 'online');
    this.connect();
  }

  private onWake(): void {
    // The person may have signed in elsewhere: the socket finds out.
    if (this.connection.mode === 'signed_out') this.setMode('connecting');
    // Timers stand still while a machine sleeps.
    if (this.current) this.current.check();
    else if (this.connection.mode !== 'rest') this.connect();
  }

  private hangUp(): void {
    this.edges.clearTimeout(this.retry);
    this.current?.close();
    this.current = null;
  }

  private isFatal(): boolean {
    return this.closed !== null;
  }

  private setMode(mode: ConnectionMode, reason?: string): void {
    const { connection } = this;
    if (connection.mode === mode && connection.reason === reason) return;
    const since = connection.mode === mode ? connection.since : this.edges.now();
    this.connection = { mode, since, ...(reason === undefined ? {} : { reason }) };
    for (const subscriber of this.subscribers) subscriber();
  }
}
