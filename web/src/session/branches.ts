/**
 * The other branches of the shown thread, and what lies before its first message. It reads from
 * the server and decides which messages to show; the session shows them.
 */
import type { MessagePage } from '../transport/api';
import type { MessageStartEvent, UserMessageEvent } from '../protocol';
import { serverIdOf, toThread, type ThreadMessage } from './thread';
import { newestLeaf, Versions, type Node } from './versions';

export interface BranchDoors {
  /** The end of the shown branch, or what leads to the message `before`. */
  loadMessages(before?: string): Promise<MessagePage>;
  /** Every message of every branch. */
  loadTree(): Promise<Node[]>;
  /** Shows the branch that ends with this message. Rejects when that may not be. */
  showBranch(leafId: string): Promise<unknown>;
}

export class Branches {
  readonly versions = new Versions();
  /** Another branch is on its way. */
  switching = false;
  private readonly doors: BranchDoors;
  /** The tree of all branches, once it was needed; events keep it up to date. */
  private tree: Node[] | null = null;
  private loadingOlder = false;

  constructor(doors: BranchDoors, shown: ThreadMessage[]) {
    this.doors = doors;
    this.versions.learn(shown);
  }

  /** Adds a message of an event to the tree. */
  grow({ id, parent_id, created_at }: UserMessageEvent | MessageStartEvent): void {
    if (this.tree && !this.tree.some((node) => node.id === id)) {
      this.tree.push({ id, parent_id, created_at });
    }
  }

  /** A message was deleted or restored: the tree is read again when it is needed. */
  forget(): void {
    this.tree = null;
  }

  /**
   * Makes the newest branch behind a version the shown one, then calls `show`.
   *
   * Resolves to false when that cannot be now; then nothing has changed.
   */
  async turnTo(versionId: string, show: () => Promise<void>): Promise<boolean> {
    if (this.switching) return false;
    this.switching = true;
    try {
      this.tree ??= [...(await this.doors.loadTree())];
      const leaf = newestLeaf(this.tree, versionId);
      if (!leaf) return false;
      await this.doors.showBranch(leaf);
      await show();
      return true;
    } catch {
      this.tree = null;
      return false;
    } finally {
      this.switching = false;
    }
  }

  /** The end of the shown branch, back to the message `until` if one is named. */
  async readBack(until?: string): Promise<ThreadMessage[]> {
    let page = await this.doors.loadMessages();
    const all = [...page.messages];
    const reached = () => until === undefined || all.some(({ id }) => id === until);
    while (page.more && !reached()) {
      // oxlint-disable-next-line no-await-in-loop -- one page leads to the other
      page = await this.doors.loadMessages(all[0]!.id);
      all.unshift(...page.messages);
    }
    return this.learned(toThread(all));
  }

  /** A page of what leads to `first`, or nothing: while one is on its way, or when it has failed. */
  async older(first: ThreadMessage): Promise<ThreadMessage[]> {
    if (this.loadingOlder) return [];
    this.loadingOlder = true;
    const page = await this.doors.loadMessages(serverIdOf(first)).catch(() => null);
    this.loadingOlder = false;
    // Another tab may have turned to another branch.
    if (!page || page.messages.at(-1)?.id !== first.metadata?.parent_id) return [];
    return this.learned(toThread(page.messages));
  }

  private learned(messages: ThreadMessage[]): ThreadMessage[] {
    this.versions.learn(messages);
    return messages;
  }
}
