/** Places messages of events in the shown thread. Pure. */
import type { MessageStartEvent, UserMessageEvent } from '../protocol';
import { isUnaccepted, known, serverIdOf, type MessageMetadata, type ThreadMessage } from './thread';

export interface Placed {
  messages: ThreadMessage[];
  /** The thread lacks what this belongs to: it has to be read again. */
  stale: boolean;
}

/** Ours: it is accepted now. Another's: it is new, and may begin a branch. */
export function placeUserMessage(
  messages: ThreadMessage[],
  event: UserMessageEvent,
  siblings: string[] | undefined,
): Placed {
  const { id, client_id, parent_id, content, created_at, attachments } = event;
  const metadata: MessageMetadata = {
    ...known({ client_id, created_at, attachments, sibling_ids: siblings }),
    status: 'completed',
    parent_id,
  };
  const index = messages.findIndex(
    (message) => serverIdOf(message) === id || (client_id && message.id === client_id),
  );
  if (index < 0) {
    const cut = cutBehind(messages, parent_id);
    const parts: ThreadMessage['parts'] = [{ type: 'text', text: content }];
    const added: ThreadMessage = { id, role: 'user', parts, metadata };
    return { messages: [...cut.messages, added], stale: cut.stale };
  }
  const parent = messages.slice(0, index).findLast((message) => !isUnaccepted(message));
  const serverId = messages[index]!.id === id ? {} : { serverId: id };
  return {
    messages: messages.map((message, at) =>
      at === index
        ? { ...message, metadata: { ...message.metadata, ...metadata, ...serverId } }
        : message,
    ),
    stale: parent_id !== (parent ? serverIdOf(parent) : null),
  };
}

/** A reply that was begun elsewhere takes the place of what came after its parent. */
export function placeReply(messages: ThreadMessage[], event: MessageStartEvent): Placed {
  if (messages.some((message) => message.id === event.id)) return { messages, stale: false };
  return cutBehind(messages, event.parent_id);
}

/** Removes the messages behind the parent; unaccepted ones belong to no branch, and stay. */
function cutBehind(messages: ThreadMessage[], parentId: string | null): Placed {
  const index = messages.findIndex((message) => serverIdOf(message) === parentId);
  if (index < 0 && (parentId !== null || messages[0]?.metadata?.parent_id)) {
    return { messages, stale: true };
  }
  const behind = messages.slice(index + 1);
  if (behind.every(isUnaccepted)) return { messages, stale: false };
  return { messages: [...messages.slice(0, index + 1), ...behind.filter(isUnaccepted)], stale: false };
}
