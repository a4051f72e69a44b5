import { useQueryClient } from '@tanstack/react-query';
import { useMemo } from 'react';
import { saidError } from '../../errorWords';
import { api } from '../../transport/api';
import type { Conversation, FoundConversation } from '../../protocol';
import { showFound } from '../../state/found';
import { run } from '../../state/commands';
import { rows, type Pages } from '../../state/conversationList';
import { hide, listKey, show, update } from '../../state/conversations';
import { closeDrawer } from '../../state/frame';
import { conversationKey } from '../../state/queries';
import { idInPath, pathOf, route } from '../../state/route';
import { stopRunning } from '../../state/running';
import { toast } from '../../state/toasts';
import { strings } from '../../strings';
import { aroundStrings } from '../../strings/around';

export type RowActions = ReturnType<typeof useActions>;

const words = aroundStrings.toast;

export function titleOf({ title }: Conversation): string {
  return title || strings.untitled;
}

/** The actions on a conversation of the list. A failure shows a toast and is rolled back. */
export function useActions() {
  const client = useQueryClient();
  return useMemo(() => {
    const failed = (error: unknown) =>
      toast(words.failed(saidError(error)));

    /** @param query what was searched for: it opens at the message that matches */
    function open(row: FoundConversation, query?: string) {
      closeDrawer();
      const message = row.match?.message_id;
      showFound(query && message ? { conversation: row.id, message, query } : null);
      if (idInPath(route.path()) === row.id) return void (message ?? run('focusComposer'));
      client.setQueryData<Conversation>(conversationKey(row.id), (known) => known ?? row);
      route.push(pathOf(row.id));
    }

    /** On to the newest other one, or to a new one. */
    function leave(row: Conversation) {
      if (idInPath(route.path()) !== row.id) return;
      const next = rows(client.getQueryData<Pages>(listKey('recent'))).find(({ id }) => id !== row.id);
      if (next) {
        client.setQueryData<Conversation>(conversationKey(next.id), (known) => known ?? next);
        route.replace(pathOf(next.id));
      } else run('newChat');
    }

    async function restore(row: Conversation, wasOpen: boolean) {
      try {
        const back = await api.restoreConversation(row.id);
        show(client, back);
        if (wasOpen) route.push(pathOf(row.id));
      } catch (error) {
        failed(error);
      }
    }

    async function remove(row: Conversation) {
      const wasOpen = idInPath(route.path()) === row.id;
      hide(client, row.id);
      try {
        await stopRunning(row.id);
        await api.deleteConversation(row.id);
      } catch (error) {
        show(client, row);
        return failed(error);
      }
      leave(row);
      hide(client, row.id);
      client.removeQueries({ queryKey: conversationKey(row.id) });
      toast(words.deleted(titleOf(row)), () => void restore(row, wasOpen));
    }

    async function duplicate(row: Conversation) {
      const made = await api.fork(row.id);
      closeDrawer();
      client.setQueryData<Conversation>(conversationKey(made.id), made);
      route.push(pathOf(made.id));
      toast(row.temporary ? words.kept : words.duplicated(titleOf(row)));
    }

    function archive(row: Conversation, archived: boolean) {
      const back = () => void update(client, { ...row, archived }, { archived: !archived }).catch(failed);
      update(client, row, { archived }).then(
        () => archived && toast(words.archived(titleOf(row)), back),
        failed,
      );
    }

    return {
      open,
      duplicate: (row: Conversation) => void duplicate(row).catch(failed),
      remove: (row: Conversation) => void remove(row),
      rename: (row: Conversation, title: string) => void update(client, row, { title }).catch(failed),
      pin: (row: Conversation) => {
        const { pinned } = row;
        const back = () => void update(client, { ...row, pinned: !pinned }, { pinned }).catch(failed);
        // The row goes, maybe out of sight.
        update(client, row, { pinned: !pinned }).then(
          () => toast(pinned ? words.unpinned(titleOf(row)) : words.pinned(titleOf(row)), back),
          failed,
        );
      },
      archive,
    };
  }, [client]);
}
