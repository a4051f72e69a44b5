import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useEffect, useMemo, useState, useSyncExternalStore } from 'react';
import type { Conversation } from '../../protocol';
import { isUnused, rows } from '../../state/conversationList';
import { listQuery } from '../../state/conversations';
import { groupByDay, type Group } from '../../state/groups';
import { conversationQuery } from '../../state/queries';
import { idInPath, route } from '../../state/route';
import { aroundStrings } from '../../strings/around';
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
  // As it is known: the thread reads it.
  const { data: open } = useQuery({ ...conversationQuery(current ?? ''), enabled: false });
  const today = useToday();
  const groups = useMemo(
    () => (archived ? toGroups(rows(list.data), [], today) : toGroups(withOpen(rows(list.data), open), rows(pinned.data), today)),
    [list.data, pinned.data, open, archived, today],
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

/** Of the conversations without a message, only the open one is shown. */
function withOpen(listed: Conversation[], open: Conversation | undefined): Conversation[] {
  const shown = listed.filter((row) => !isUnused(row) || row.id === open?.id);
  if (!open || !isUnused(open) || shown.some(({ id }) => id === open.id)) return shown;
  const at = shown.findIndex((row) => row.updated_at < open.updated_at);
  return shown.toSpliced(at < 0 ? shown.length : at, 0, open);
}

/** A row pinned between the two readings is in both: it stands with the pinned alone. */
function toGroups(listed: Conversation[], top: Conversation[], now: number): Group[] {
  const above = new Set(top.map(({ id }) => id));
  const groups = groupByDay(listed.filter(({ id }) => !above.has(id)), now);
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
