/**
 * Every command of one conversation that the server has not answered: the only list of them, for
 * turns and for the message queue.
 *
 * A message with a text is kept in the browser, too, from the moment of sending until the server
 * has it. When the page leaves, REST gets everything; what that does not bring over goes out when
 * the conversation is opened again. The server takes each client id once, so that sending twice
 * is harmless.
 */
import type { Socket } from './socket';
import type { Command, Edges, SayCommand } from './types';

/** One command on its way. */
export interface Sent<Kind extends Command = Command> {
  readonly command: Kind;
  /** The door that has it now; kept up to date for the message queue alone. */
  door: Socket | 'rest' | null;
  /** Some door has had it once: the server may have it. */
  carried: boolean;
  /** The server has it. */
  accepted: boolean;
}

export class Outbox {
  private readonly conversationId: string;
  private readonly edges: Edges;
  /** By client id, in the order of sending. */
  private readonly entries = new Map<string, Sent>();

  constructor(conversationId: string, edges: Edges) {
    this.conversationId = conversationId;
    this.edges = edges;
  }

  /**
   * Keeps a command until the server has it. What was sent before under the same client id is sent
   * again.
   *
   * @param carried an earlier page may have brought it to the server
   */
  add<Kind extends Command>(command: Kind, carried = false): Sent<Kind> {
    const sent: Sent<Kind> = { command, door: null, carried, accepted: false };
    this.entries.set(command.clientId, sent);
    if ('content' in command) this.write([...this.read(command.clientId), command]);
    return sent;
  }

  /** What is to wait behind the running reply, in its order. */
  queued(): Sent<SayCommand>[] {
    return [...this.entries.values()].filter(
      (sent): sent is Sent<SayCommand> => 'content' in sent.command && sent.command.queue === true,
    );
  }

  /** The server has it. Returns false when it was not in here. */
  accept(clientId: string | null | undefined): boolean {
    const sent = this.entries.get(clientId ?? '');
    if (sent) sent.accepted = true;
    return this.forget(clientId);
  }

  /** It is not to be sent any more: its text is in the composer again, or the server has it. */
  forget(clientId: string | null | undefined): boolean {
    if (!clientId || !this.entries.delete(clientId)) return false;
    this.write(this.read(clientId));
    return true;
  }

  /**
   * What an earlier page left behind, in its order. It stays kept.
   *
   * @param known client ids of messages that the server has
   */
  restore(known: ReadonlySet<string>): SayCommand[] {
    const left = this.read().filter(({ clientId }) => !known.has(clientId));
    this.write(left);
    return left;
  }

  /**
   * The page leaves: sends everything by REST, one after the other, so that what was written first
   * is sent first. What is refused, or reaches no server, stays kept.
   */
  async handOver(): Promise<void> {
    for (const { command } of this.entries.values()) {
      const last = 'content' in command ? { ...command, queue: true } : command;
      try {
        // oxlint-disable-next-line no-await-in-loop -- in their order
        await this.edges.api.leave(this.conversationId, last);
        this.accept(command.clientId);
      } catch {
        return;
      }
    }
  }

  /** Other tabs may have written since. */
  private read(without?: string): SayCommand[] {
    const all = this.edges.stored.read<SayCommand[]>(this.name) ?? [];
    return all.filter(({ clientId }) => clientId !== without);
  }

  private write(left: SayCommand[]): void {
    this.edges.stored.write(this.name, left.length > 0 ? left : null);
  }

  private get name(): string {
    return `outbox:${this.conversationId}`;
  }
}
