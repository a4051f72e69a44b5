import { useQueryClient } from '@tanstack/react-query';
import { useLayoutEffect } from 'react';
import type { Conversation } from '../protocol';
import { provide, run } from '../state/commands';
import { isUnused } from '../state/conversationList';
import { closeDrawer } from '../state/frame';
import { openEmpty, openTemporary } from '../state/modelChoice';
import { conversationKey } from '../state/queries';
import { idInPath, pathOf, route } from '../state/route';
import { toast } from '../state/toasts';
import { strings } from '../strings';

/**
 * Provides "New chat": opens an empty conversation, or creates one; and the same for a temporary
 * one. Running replies go on.
 */
export function useNewChat(): void {
  const client = useQueryClient();
  useLayoutEffect(() => {
    async function newChat(temporary: boolean): Promise<void> {
      closeDrawer();
      const here = idInPath(route.path());
      const open = client.getQueryData<Conversation>(conversationKey(here ?? ''));
      if (open && isUnused(open) && (open.temporary ?? false) === temporary) return void run('focusComposer');
      try {
        const chat = await (temporary ? openTemporary() : openEmpty(here));
        client.setQueryData<Conversation>(conversationKey(chat.id), chat);
        route.push(pathOf(chat.id));
      } catch {
        toast(strings.frame.newFailed);
      }
    }
    const undo = [
      provide('newChat', () => void newChat(false)),
      provide('temporaryChat', () => void newChat(true)),
    ];
    return () => {
      for (const take of undo) take();
    };
  }, [client]);
}
