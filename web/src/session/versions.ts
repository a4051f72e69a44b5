/**
 * Which versions each message has, as far as lists and events have told, and where the branch
 * behind a version ends. It does not know which branch is shown.
 */
import type { Message, Role } from '../protocol';
import { serverIdOf, type ThreadMessage } from './thread';

/** As much of a message as its place in the tree needs. */
export type Node = Pick<Message, 'id' | 'parent_id' | 'created_at'>;

interface Placed {
  id: string;
  parent_id: string | null;
  model?: string | null;
}

export class Versions {
  private readonly known = new Map<string, string[]>();
  private readonly models = new Map<string, string>();

  /** Learns from messages that a list brought. */
  learn(messages: ThreadMessage[]): void {
    for (const message of messages) {
      const { sibling_ids, sibling_models = [], parent_id = null } = message.metadata ?? {};
      const ids = sibling_ids ?? [serverIdOf(message)];
      this.known.set(place(message.role, parent_id), ids);
      for (const [index, id] of ids.entries()) this.name(id, sibling_models[index]);
    }
  }

  /** One more message. Returns all versions of it, or undefined when it is the only one. */
  add(role: Role, { id, parent_id: parentId, model }: Placed): string[] | undefined {
    this.name(id, model);
    const key = place(role, parentId);
    const before = this.known.get(key) ?? [];
    const ids = before.includes(id) ? before : [...before, id];
    this.known.set(key, ids);
    return ids.length > 1 ? ids : undefined;
  }

  /** The model that wrote this version, as far as that is known. */
  modelOf(id: string): string | undefined {
    return this.models.get(id);
  }

  private name(id: string, model: string | null | undefined): void {
    if (model) this.models.set(id, model);
  }
}

function place(role: Role, parentId: string | null): string {
  return `${role} ${parentId ?? 'root'}`;
}

/** The end of the newest branch that goes through the message `id`; null when it is not there. */
export function newestLeaf(nodes: readonly Node[], id: string): string | null {
  const children = new Map<string, Node[]>();
  let start: Node | undefined;
  for (const node of nodes) {
    if (node.id === id) start = node;
    if (!node.parent_id) continue;
    const beside = children.get(node.parent_id);
    if (beside) beside.push(node);
    else children.set(node.parent_id, [node]);
  }
  if (!start) return null;
  let newest = start;
  let isLeaf = false;
  const open = [start];
  for (let node = open.pop(); node; node = open.pop()) {
    const below = children.get(node.id);
    if (below) open.push(...below);
    else if (!isLeaf || node.created_at > newest.created_at) {
      newest = node;
      isLeaf = true;
    }
  }
  return newest.id;
}
