/**
 * The REST door: carries a turn without a socket, as the same events.
 *
 * A turn of this page goes by `generate` (which joins a reply that runs already); a reply begun
 * elsewhere is read until it has ended, with the text so far.
 */
/* oxlint-disable no-await-in-loop -- these loops wait on purpose, one call after the other */
import { ApiError, type Command, type Generated } from './api';
import type { EndStatus, Message, MessageStatus } from '../protocol';
import type { Turn } from './turn';
import { TurnError, type Edges, type TurnEvent } from './types';

/** How often a reply begun elsewhere is read (ms). */
const POLL_MS = 1_500;
/** How often the calls of a reply are read (ms), and how often the reply after them is looked for. */
const CALLS_MS = 2_000;
const LOOKS = 5;
/** How often to look for the reply that is to be stopped (ms). */
const SEEK_MS = 500;

export type Outcome =
  | 'ended'
  /** No answer, or one that is not our server's. Whether the turn was accepted is unknown. */
  | 'unreachable'
  | 'signed_out'
  | 'missing'
  /** The turn was taken away: the socket has it again, or it was closed. */
  | 'aborted'
  | TurnError;

export class RestDoor {
  private readonly conversationId: string;
  private readonly edges: Edges;
  private readonly deliver: (turn: Turn, event: TurnEvent) => void;

  constructor(
    conversationId: string,
    edges: Edges,
    deliver: (turn: Turn, event: TurnEvent) => void,
  ) {
    this.conversationId = conversationId;
    this.edges = edges;
    this.deliver = deliver;
  }

  /** Resolves when the turn has ended or cannot go on here; never rejects. */
  async carry(turn: Turn): Promise<Outcome> {
    const abort = new AbortController();
    turn.rest = abort;
    turn.carry();
    try {
      if (turn.command) await this.generate(turn, abort.signal);
      else await this.poll(turn, abort.signal);
      return abort.signal.aborted && !turn.done ? 'aborted' : 'ended';
    } catch (error) {
      return abort.signal.aborted ? 'aborted' : toOutcome(error, turn);
    } finally {
      if (turn.rest === abort) turn.rest = null;
    }
  }

  /**
   * Stops a turn, also one whose id is not known yet: the running reply is the conversation's
   * head. Ends when the turn has ended, or when it cannot be reached (the engine comes back).
   */
  async stop(turn: Turn): Promise<void> {
    while (!turn.done) {
      try {
        const id = turn.id ?? (await this.runningId(turn));
        if (id) {
          await this.edges.api.stop(this.conversationId, id);
          return;
        }
      } catch (error) {
        if (!(error instanceof ApiError)) return;
      }
      await this.sleep(SEEK_MS, turn.signal);
    }
  }

  private async runningId(turn: Turn): Promise<string | null> {
    const { head_id: headId } = await this.edges.api.conversation(this.conversationId);
    if (!headId) return null;
    const head = await this.edges.api.message(headId);
    const ours = turn.command === null || isOurs(head, turn.command.clientId);
    return ours && isRunning(head.status) ? head.id : null;
  }

  private async generate(turn: Turn, signal: AbortSignal): Promise<void> {
    const result = await this.wait(turn.command!, signal);
    const conversation = await this.edges.api.conversation(this.conversationId).catch(() => null);
    if (signal.aborted) return;
    // Of a regeneration it is the question of another turn, which is shown already.
    if (turn.says) this.deliver(turn, userEvent(result.user_message));
    this.deliver(turn, startOf(result.message));
    if (isRunning(result.message.status)) await this.poll(turn, signal);
    else this.deliver(turn, endOf(result.message));
    if (conversation) {
      const { id, title, head_id } = conversation;
      this.deliver(turn, { type: 'conversation', id, title, head_id });
    }
  }

  /** A call that took too long is only made again: it joins the same reply. */
  private async wait(command: Command, signal: AbortSignal): Promise<Generated> {
    try {
      return await this.edges.api.generate(this.conversationId, command, signal);
    } catch (error) {
      const tookTooLong = error instanceof DOMException && error.name === 'TimeoutError';
      if (!tookTooLong) throw error;
      return this.wait(command, signal);
    }
  }

  private async poll(turn: Turn, signal: AbortSignal): Promise<void> {
    let shown = -1;
    while (!signal.aborted) {
      const message = await this.edges.api.message(turn.id!, signal);
      if (signal.aborted) return;
      const length = message.content.length + message.reasoning.length;
      if (length !== shown) this.deliver(turn, startOf(message));
      shown = length;
      if (!isRunning(message.status)) {
        this.deliver(turn, endOf(message));
        return;
      }
      await this.sleep(POLL_MS, signal);
    }
  }

  /**
   * Reads a reply that called tools, and tells each call that has changed, until the calls are over.
   *
   * @returns the reply that follows; null when there is none, or the signal was aborted
   */
  async followCalls(id: string, signal: AbortSignal, tell: (event: TurnEvent) => void): Promise<Message | null> {
    const states = new Map<string, string>();
    for (let looks = 0; looks < LOOKS && !signal.aborted; ) {
      try {
        const message = await this.edges.api.message(id, signal);
        for (const call of message.tool_calls ?? []) {
          if (states.get(call.id) !== call.state) tell({ type: 'tool_call', id, call });
          states.set(call.id, call.state);
        }
        if (!message.next) {
          looks += 1;
          const { head_id: headId } = await this.edges.api.conversation(this.conversationId);
          const head = headId && headId !== id ? await this.edges.api.message(headId, signal) : null;
          if (head?.role === 'assistant' && head.parent_id === id) return head;
        }
      } catch (error) {
        // Whatever is not reachable now is read again.
        if (error instanceof ApiError && (error.status === 401 || error.status === 404)) return null;
      }
      await this.sleep(CALLS_MS, signal);
    }
    return null;
  }

  private sleep(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.edges.setTimeout(resolve, ms);
      signal.addEventListener('abort', () => {
        this.edges.clearTimeout(timer);
        resolve();
      });
    });
  }
}

/** Rows of a reply's id carry its client id; a server that keeps it on the question alone is fine. */
function isOurs(message: Message, clientId: string): boolean {
  return message.role === 'assistant' && (message.client_id ?? clientId) === clientId;
}

function isRunning(status: MessageStatus): boolean {
  return status === 'streaming' || status === 'stopping';
}

function userEvent(message: Message): TurnEvent {
  const { id, client_id, parent_id, content, created_at } = message;
  return { type: 'user_message', id, client_id, parent_id, content, created_at };
}

/** `seq` 0: a later delta on a socket leaves a hole before it, which brings a snapshot. */
export function startOf(message: Message): TurnEvent {
  return {
    type: 'message_start',
    id: message.id,
    role: 'assistant',
    created_at: message.created_at,
    seq: 0,
    content: message.content,
    reasoning: message.reasoning,
    parent_id: message.parent_id,
    client_id: message.client_id,
    model: message.model,
    provider_used: message.provider_used,
    context: message.context,
    viaRest: true,
  };
}

function endOf(message: Message): TurnEvent {
  return {
    type: 'message_end',
    id: message.id,
    seq: 1,
    status: message.status as EndStatus,
    finish_reason: message.finish_reason,
    full_content: message.content,
    tokens: message.tokens,
    timings: message.timings,
    model: message.model,
    context: message.context,
    provider_used: message.provider_used,
    fallback_used: message.fallback_used,
    error: message.error,
    tool_calls: message.tool_calls,
    next: message.next,
    viaRest: true,
  };
}

function toOutcome(error: unknown, turn: Turn): Outcome {
  if (!(error instanceof ApiError)) return 'unreachable';
  const { status, code, message, fields } = error;
  if (status === 401) return 'signed_out';
  // A reply that is to be made again may be gone while its conversation is there.
  if (status === 404 && !(turn.command && 'messageId' in turn.command)) return 'missing';
  if (!error.ours && status >= 500) return 'unreachable';
  // An accepted turn cannot be refused any more: the server is only too busy to answer.
  if (turn.accepted && (status === 429 || status === 503)) return 'unreachable';
  // A 500 of our own may have come after the message was stored.
  return new TurnError(code, message, status !== 500 && !turn.accepted, fields);
}
