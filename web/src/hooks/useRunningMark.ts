import { useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import type { Conversation } from '../protocol';
import { conversationKey } from '../state/queries';

/** Notes in the cache whether a reply runs in the open conversation, for those who list it. */
export function useRunningMark(conversationId: string, running: boolean): void {
  const client = useQueryClient();
  useEffect(() => {
    client.setQueryData<Conversation>(conversationKey(conversationId), (known) =>
      known && known.running !== running ? { ...known, running } : known,
    );
  }, [client, conversationId, running]);
}
