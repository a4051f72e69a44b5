import { useQueryClient, type QueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { rows, type Pages } from '../../state/conversationList';
import { listKey, refreshNewest } from '../../state/conversations';
import { idInPath, route } from '../../state/route';

/** No event tells when a reply in a chat that is not open ends: the list is read this often (ms). */
const LOOK_MS = 5_000;

/** Keeps the lists fresh: when one comes back to the page, and while a reply runs elsewhere. */
export function useRefresh(): void {
  const client = useQueryClient();
  useEffect(() => {
    const look = () => {
      if (document.visibilityState === 'visible') void refreshNewest(client).catch(() => undefined);
    };
    const timer = setInterval(() => {
      if (runsElsewhere(client)) look();
    }, LOOK_MS);
    document.addEventListener('visibilitychange', look);
    return () => {
      clearInterval(timer);
      document.removeEventListener('visibilitychange', look);
    };
  }, [client]);
}

function runsElsewhere(client: QueryClient): boolean {
  const open = idInPath(route.path());
  return (['pinned', 'recent'] as const).some((name) =>
    rows(client.getQueryData<Pages>(listKey(name))).some((row) => row.running && row.id !== open),
  );
}
