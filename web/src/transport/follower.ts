/**
 * How far the events of one conversation have come: which messages they named, the running
 * reply as a snapshot, and whether its log has a hole.
 *
 * A late reader of the running reply begins with that snapshot. A delta costs the same in a thread
 * of two messages and in one of two thousand.
 */
import type { DeltaEvent, MessageStartEvent, ServerEvent } from '../protocol';

export class Follower {
  /** The running reply as far as it came; a conversation has one at a time. */
  live: MessageStartEvent | null = null;
  /** Every message that an event named, but for the running reply. */
  private readonly named = new Set<string>();
  /** A reply whose log has a hole: a snapshot of it was asked for. */
  private gap: string | null = null;

  /** The message is known and no reply that runs. */
  knows(id: string): boolean {
    return this.named.has(id);
  }

  /**
   * Takes the next event.
   *
   * @returns `repeated` when it tells nothing new, `gap` when entries before it are missing here
   *   and a snapshot is to be asked for; readers get neither
   */
  take(event: ServerEvent): 'new' | 'repeated' | 'gap' {
    switch (event.type) {
      case 'user_message':
        this.named.add(event.id);
        break;
      case 'message_start':
        // The end of this reply was missed: another one has begun since.
        if (this.live && this.live.id !== event.id) this.named.add(this.live.id);
        this.live = event;
        this.close(event.id);
        break;
      case 'delta':
      case 'reasoning_delta':
        return this.append(event);
      case 'message_end':
        if (this.live?.id === event.id) {
          this.named.add(event.id);
          this.live = null;
        }
        this.close(event.id);
        break;
    }
    return 'new';
  }

  private append(event: DeltaEvent): 'new' | 'repeated' | 'gap' {
    const { live } = this;
    if (live?.id !== event.id) return this.named.has(event.id) ? 'repeated' : this.open(event.id);
    if (event.seq <= live.seq) return 'repeated';
    if (event.from !== live.seq) return this.open(event.id);
    const field = event.type === 'delta' ? 'content' : 'reasoning';
    this.live = { ...live, [field]: live[field] + event.content_chunk, seq: event.seq };
    return 'new';
  }

  /** One snapshot is asked for, however many deltas come behind the hole. */
  private open(id: string): 'repeated' | 'gap' {
    if (this.gap === id) return 'repeated';
    this.gap = id;
    return 'gap';
  }

  private close(id: string): void {
    if (this.gap === id) this.gap = null;
  }
}
