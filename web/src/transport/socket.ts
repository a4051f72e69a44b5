/**
 * One life of one WebSocket: open, ready, heard and heard from, lost. It never reconnects; the
 * engine makes a new one. After `onLost` (called exactly once, unless `close` was called) it is
 * silent.
 */
import { CloseCode, parseEvent, type ClientFrame, type ServerEvent } from '../protocol';
import { toJson } from './json';
import type { Edges, SocketLike, Timer } from './types';

/** Open and `ready` within this long (ms), or it counts as hanging: some proxies swallow sockets. */
const CONNECT_TIMEOUT_MS = 3_000;
/** Silent for this many of the server's heartbeats = lost (half-open connections tell nothing). */
const SILENT_HEARTBEATS = 2.5;

export interface Loss {
  /** `no_answer`: it took a frame and did not answer it in time. */
  reason:
    | 'refused'
    | 'hanging'
    | 'silent'
    | 'no_answer'
    | 'closed'
    | 'restarting'
    | 'too_many_sockets'
    | 'signed_out'
    | 'missing';
  /** It had sent `ready` before. */
  wasReady: boolean;
}

export interface SocketListener {
  onReady(): void;
  /** Any frame at all. */
  onHeard(): void;
  /** Everything but heartbeats and `ready`. */
  onEvent(event: ServerEvent): void;
  onLost(loss: Loss): void;
}

export class Socket {
  ready = false;
  private readonly edges: Edges;
  private readonly listener: SocketListener;
  private readonly socket: SocketLike;
  private timer: Timer;
  private beat: Timer = undefined;
  /** When the last frame came, in milliseconds of the edges' clock. */
  heardAt: number;
  /** Silence (ms) that counts as lost. */
  private limit = 0;
  private done = false;

  constructor(conversationId: string, edges: Edges, listener: SocketListener) {
    this.edges = edges;
    this.listener = listener;
    this.heardAt = edges.now();
    this.socket = edges.openSocket(conversationId);
    this.socket.addEventListener('message', (message) => this.hear(String(message.data)));
    // An `error` needs no listener: a `close`, which has the code, always follows it.
    this.socket.addEventListener('close', (event) => this.lose(this.reasonOf(event.code)));
    this.timer = edges.setTimeout(() => this.drop('hanging'), CONNECT_TIMEOUT_MS);
  }

  /** False when it is not ready; then nothing was sent. */
  send(frame: ClientFrame): boolean {
    if (!this.ready) return false;
    this.socket.send(toJson(frame));
    return true;
  }

  /** Gives the socket up and reports why. */
  drop(reason: Loss['reason']): void {
    this.lose(reason);
    this.socket.close();
  }

  /** Gives the socket up without telling. */
  close(): void {
    this.finish();
    this.socket.close();
  }

  /** Has it been silent for too long? One timer, set from the time last heard, not at every frame. */
  check(): void {
    if (!this.ready) return;
    this.edges.clearTimeout(this.timer);
    const left = this.heardAt + this.limit - this.edges.now();
    if (left <= 0) this.drop('silent');
    else this.timer = this.edges.setTimeout(() => this.check(), left);
  }

  private hear(text: string): void {
    if (this.done) return;
    this.heardAt = this.edges.now();
    this.listener.onHeard();
    const event = parseEvent(text);
    if (!event || event.type === 'heartbeat') return;
    if (event.type !== 'ready') {
      this.listener.onEvent(event);
      return;
    }
    this.ready = true;
    this.edges.clearTimeout(this.timer);
    const heartbeat = event.heartbeat_s * 1000;
    this.limit = heartbeat * SILENT_HEARTBEATS;
    this.check();
    this.keepAlive(heartbeat);
    this.listener.onReady();
  }

  private keepAlive(interval: number): void {
    this.beat = this.edges.setTimeout(() => {
      this.send({ type: 'heartbeat' });
      this.keepAlive(interval);
    }, interval);
  }

  private reasonOf(code: number): Loss['reason'] {
    if (code === CloseCode.signedOut) return 'signed_out';
    if (code === CloseCode.missing) return 'missing';
    if (code === CloseCode.restarting) return 'restarting';
    if (code === CloseCode.tooManySockets) return 'too_many_sockets';
    return this.ready ? 'closed' : 'refused';
  }

  private lose(reason: Loss['reason']): void {
    if (this.done) return;
    const wasReady = this.ready;
    this.finish();
    this.listener.onLost({ reason, wasReady });
  }

  private finish(): void {
    this.done = true;
    this.ready = false;
    this.edges.clearTimeout(this.timer);
    this.edges.clearTimeout(this.beat);
  }
}
