/**
 * What was said in one conversation and has not reached the server, as far as anybody knows: kept
 * in the browser from the moment of sending until the server answers for it. When the page leaves,
 * REST gets it; whatever that does not bring over goes out when the conversation is opened again.
 * The server takes each client id once, so that being sent twice is harmless.
 */
import type { Command, Edges, SayCommand } from './types';

export class Outbox {
  private readonly conversationId: string;
  private readonly edges: Edges;
  /** By client id, in the order of sending. */
  private readonly unaccepted = new Map<string, Command>();

  constructor(conversationId: string, edges: Edges) {
    this.conversationId = conversationId;
    this.edges = edges;
  }

  keep(command: Command): void {
    this.unaccepted.set(command.clientId, command);
    if ('content' in command) this.write([...this.read(command.clientId), command]);
  }

  /** The server has it, or its text is in the composer again. */
  forget(clientId: string | null | undefined): void {
    if (clientId && this.unaccepted.delete(clientId)) this.write(this.read(clientId));
  }

  /**
   * What an earlier page left behind, in its order. It is kept on.
   *
   * @param known client ids of messages that the server has
   */
  restore(known: ReadonlySet<string>): SayCommand[] {
    const left = this.read().filter(({ clientId }) => !known.has(clientId));
    this.write(left);
    for (const command of left) this.unaccepted.set(command.clientId, command);
    return left;
  }

  /**
   * The page leaves: everything by REST, one after the other, so that what was written first is
   * said first. What is refused, or finds nobody, is kept.
   */
  async handOver(): Promise<void> {
    for (const command of this.unaccepted.values()) {
      const last = 'content' in command ? { ...command, queue: true } : command;
      try {
        // oxlint-disable-next-line no-await-in-loop -- in their order
        await this.edges.api.leave(this.conversationId, last);
        this.forget(command.clientId);
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
