import { useQueryClient } from '@tanstack/react-query';
import { useLayoutEffect } from 'react';
import type { Conversation } from '../protocol';
import { provide, run } from '../state/commands';
import { isUnused } from '../state/conversationList';
import { closeDrawer } from '../state/frame';
import { openEmpty } from '../state/modelChoice';
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
      if (open && isUnused(open)) return void run('focusComposer');
      try {
        const chat = await openEmpty(here);
        client.setQueryData<Conversation>(conversationKey(chat.id), chat);
        route.push(pathOf(chat.id));
      } catch {
        toast(strings.frame.newFailed);
      }
    }
    return provide('newChat', () => void newChat());
  }, [client]);
}
