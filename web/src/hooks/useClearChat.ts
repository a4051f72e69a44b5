import { useQueryClient } from '@tanstack/react-query';
import { api } from '../transport/api';
import { hide } from '../state/conversations';
import { idInPath, pathOf, route } from '../state/route';
import { toast } from '../state/toasts';
import { strings } from '../strings';

/** `startFresh`, with a toast that leads back to the old conversation. */
export function useClearChat(startFresh: () => Promise<void>): () => Promise<void> {
  const client = useQueryClient();
  return async () => {
    const old = idInPath(route.path());
    await startFresh();
    const fresh = idInPath(route.path());
    if (!old || !fresh || old === fresh) return;
    toast(strings.frame.cleared, () => {
      route.push(pathOf(old));
      void forgetUnused(fresh).then((gone) => gone && hide(client, fresh), () => undefined);
    });
  };
}

/** Deletes a conversation without messages. */
async function forgetUnused(id: string): Promise<boolean> {
  const { head_id: head } = await api.conversation(id);
  if (head === null) await api.deleteConversation(id);
  return head === null;
}
