import { useInfiniteQuery } from '@tanstack/react-query';
import { useEffect, useMemo, useState, useSyncExternalStore } from 'react';
import { rows, type Pages } from '../../state/conversationList';
import { listQuery } from '../../state/conversations';
import { groupByDay, type Group } from '../../state/groups';
import { idInPath, route } from '../../state/route';
import { aroundStrings } from '../../stringsAround';
import { ListNote } from './ListNote';
import { ListSkeleton } from './ListSkeleton';
import { WindowedList } from './WindowedList';

const words = aroundStrings.sidebar;
/** How often it is looked whether "today" is still today, in milliseconds. */
const DAY_LOOK_MS = 60_000;

/** The pinned, then all others by day; or the archived. Reads on as one scrolls. */
export function ConversationList({ archived }: { archived: boolean }) {
  const list = useInfiniteQuery(listQuery(archived ? 'archived' : 'recent'));
  const pinned = useInfiniteQuery(listQuery('pinned'));
  const current = idInPath(useSyncExternalStore(route.subscribe, route.path));
  const today = useToday();
  const groups = useMemo(
    () => toGroups(list.data, archived ? undefined : pinned.data, today),
    [list.data, pinned.data, archived, today],
  );
  const waiting = list.isPending || (!archived && pinned.isPending);
  if (list.error && !list.data) {
    return <ListNote text={words.failed} action={words.reload} onAction={() => void list.refetch()} />;
  }
  if (waiting && !pinned.error) return <ListSkeleton />;
  if (groups.length === 0) return <ListNote text={archived ? words.archivedEmpty : words.empty} />;
  return (
    <WindowedList
      groups={groups}
      current={current}
      more={list.hasNextPage}
      failed={list.isFetchNextPageError}
      onMore={() => {
        if (!list.isFetchingNextPage) void list.fetchNextPage();
      }}
    />
  );
}

/** A row pinned between the two readings is in both: it stands with the pinned alone. */
function toGroups(list: Pages | undefined, pinned: Pages | undefined, now: number): Group[] {
  const top = rows(pinned);
  const above = new Set(top.map(({ id }) => id));
  const groups = groupByDay(rows(list).filter(({ id }) => !above.has(id)), now);
  return top.length > 0 ? [{ name: words.pinned, rows: top }, ...groups] : groups;
}

/** The beginning of the day, in milliseconds; changes at midnight. */
function useToday(): number {
  const [today, setToday] = useState(startOfDay);
  useEffect(() => {
    const timer = setInterval(() => setToday(startOfDay()), DAY_LOOK_MS);
    return () => clearInterval(timer);
  }, []);
  return today;
}

function startOfDay(): number {
  return new Date().setHours(0, 0, 0, 0);
}
