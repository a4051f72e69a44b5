import { useQueryClient } from '@tanstack/react-query';
import { useLayoutEffect } from 'react';
import { api } from '../transport/api';
import type { Conversation } from '../protocol';
import { provide, run } from '../state/commands';
import { rows, type Pages } from '../state/conversationList';
import { listKey } from '../state/conversations';
import { closeDrawer } from '../state/frame';
import { conversationKey } from '../state/queries';
import { idInPath, pathOf, route } from '../state/route';
import { toast } from '../state/toasts';
import { strings } from '../strings';

/** Provides "New chat": opens an empty conversation, or creates one. Running replies go on. */
export function useNewChat(): void {
  const client = useQueryClient();
  useLayoutEffect(() => {
    async function newChat(): Promise<void> {
      closeDrawer();
      const here = idInPath(route.path());
      const open = client.getQueryData<Conversation>(conversationKey(here ?? ''));
      const listed = rows(client.getQueryData<Pages>(listKey('recent')));
      if (open && isUnused(open)) return void run('focusComposer');
      const unused = listed.find((row) => row.id !== here && isUnused(row));
      try {
        const chat = unused ?? (await api.createConversation());
        client.setQueryData<Conversation>(conversationKey(chat.id), (known) => known ?? chat);
        route.push(pathOf(chat.id));
      } catch {
        toast(strings.frame.newFailed);
      }
    }
    return provide('newChat', () => void newChat());
  }, [client]);
}

function isUnused({ head_id, title, running }: Conversation): boolean {
  return head_id === null && title === '' && !running;
}
