import { useQueryClient } from '@tanstack/react-query';
import { useMemo } from 'react';
import { saidError } from '../../errorWords';
import type { Playground } from '../../hooks/usePlayground';
import type { Conversation } from '../../protocol';
import { serverIdOf, type ThreadMessage } from '../../session/thread';
import { conversationKey } from '../../state/queries';
import { pathOf, route } from '../../state/route';
import { toast } from '../../state/toasts';
import { strings } from '../../strings';
import { api } from '../../transport/api';

export type RatingValue = 1 | -1 | 0;

/** What can be done with a stored message beside the conversation. A failure shows a toast. */
export interface MessageActions {
  /** Deletes it, with a way back. */
  remove(message: ThreadMessage): void;
  /** Opens a new conversation with what leads to it. */
  fork(message: ThreadMessage): void;
  /** Shows the rating at once; takes it back when the server refuses. */
  rate(message: ThreadMessage, value: RatingValue, comment: string): void;
}

interface Tools {
  conversationId: string;
  playground: Playground;
  focusComposer(): void;
}

export function useMessageTools({ conversationId, playground, focusComposer }: Tools): MessageActions {
  const client = useQueryClient();
  const { revise, rated } = playground;
  return useMemo(() => {
    const words = strings.tools;

    async function remove(id: string) {
      await api.deleteMessage(id);
      revise(id);
      focusComposer();
      toast(words.deleted, () => void api.restoreMessage(id).then(() => revise(), failed));
    }

    async function fork(leaf: string) {
      const made = await api.fork(conversationId, leaf);
      client.setQueryData<Conversation>(conversationKey(made.id), made);
      route.push(pathOf(made.id));
      toast(words.forked);
    }

    return {
      remove: (message) => void remove(serverIdOf(message)).catch(failed),
      fork: (message) => void fork(serverIdOf(message)).catch(failed),
      rate: (message, value, comment) => {
        const before = message.metadata?.rating;
        rated(message.id, value, comment);
        api.rate(serverIdOf(message), value, comment).catch((error: unknown) => {
          rated(message.id, before?.value ?? 0, before?.comment ?? '');
          failed(error);
        });
      },
    };
  }, [client, conversationId, revise, rated, focusComposer]);
}

function failed(error: unknown): void {
  toast(strings.tools.failed(saidError(error)));
}
