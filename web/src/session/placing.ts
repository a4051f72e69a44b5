/** Where what was told goes in the shown thread. Pure. */
import type { MessageStartEvent, UserMessageEvent } from '../protocol';
import { isUnaccepted, serverIdOf, type MessageMetadata, type ThreadMessage } from './thread';

export interface Placed {
  messages: ThreadMessage[];
  /** The thread lacks what this belongs to: it has to be read again. */
  stale: boolean;
}

/** Ours: it is accepted now. Another's: it is new, and may begin a branch. */
export function placeUserMessage(
  messages: ThreadMessage[],
  event: UserMessageEvent,
  versions: string[] | undefined,
): Placed {
  const metadata: MessageMetadata = {
    status: 'completed',
    createdAt: event.created_at,
    parentId: event.parent_id,
    ...(versions ? { versions } : {}),
    ...(event.client_id ? { clientId: event.client_id } : {}),
  };
  const index = messages.findIndex(
    (one) => serverIdOf(one) === event.id || (event.client_id && one.id === event.client_id),
  );
  if (index < 0) {
    const cut = cutBehind(messages, event.parent_id);
    const parts: ThreadMessage['parts'] = [{ type: 'text', text: event.content }];
    const added: ThreadMessage = { id: event.id, role: 'user', parts, metadata };
    return { messages: [...cut.messages, added], stale: cut.stale };
  }
  const parent = messages.slice(0, index).findLast((one) => !isUnaccepted(one));
  const serverId = messages[index]!.id === event.id ? {} : { serverId: event.id };
  return {
    messages: messages.map((message, at) =>
      at === index
        ? { ...message, metadata: { ...message.metadata, ...metadata, ...serverId } }
        : message,
    ),
    stale: event.parent_id !== (parent ? serverIdOf(parent) : null),
  };
}

/** A reply that was begun elsewhere takes the place of what came after its parent. */
export function placeReply(messages: ThreadMessage[], event: MessageStartEvent): Placed {
  if (messages.some((one) => one.id === event.id)) return { messages, stale: false };
  return cutBehind(messages, event.parent_id);
}

/** What is not accepted yet belongs to no branch, and stays. */
function cutBehind(messages: ThreadMessage[], parentId: string | null): Placed {
  const index = messages.findIndex((one) => serverIdOf(one) === parentId);
  if (index < 0 && (parentId !== null || messages[0]?.metadata?.parentId)) {
    return { messages, stale: true };
  }
  const behind = messages.slice(index + 1);
  if (behind.every(isUnaccepted)) return { messages, stale: false };
  return { messages: [...messages.slice(0, index + 1), ...behind.filter(isUnaccepted)], stale: false };
}
