import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import { formatCount } from '../../format';
import { rows } from '../../state/conversationList';
import { searchQuery } from '../../state/conversations';
import { pathOf } from '../../state/route';
import { aroundStrings } from '../../strings/around';
import { isPlain } from '../ui/isPlain';
import { MarkedParts } from '../ui/MarkedParts';
import { ListNote } from './ListNote';
import { ListSkeleton } from './ListSkeleton';
import { titleOf, useActions } from './useActions';

const words = aroundStrings.sidebar;
/** How near (px) the end may come before more is read. */
const NEAR_PX = 300;

/** What a search has results, with the words marked. The last answer stays while the next is awaited. */
export function SearchResults({ query }: { query: string }) {
  const { open } = useActions();
  const search = useInfiniteQuery({ ...searchQuery(query), placeholderData: keepPreviousData });
  const results = rows(search.data);
  if (search.error && !search.data) {
    return <ListNote text={words.failed} action={words.reload} onAction={() => void search.refetch()} />;
  }
  if (search.isPending) return <ListSkeleton />;
  if (results.length === 0) return <ListNote text={words.noResult(query)} hint={words.noResultHint} />;
  return (
    <div
      className={`scroll-quiet mt-1 min-h-0 flex-1 overflow-y-auto overscroll-contain transition-opacity ${search.isPlaceholderData ? 'opacity-60' : ''}`}
      onScroll={({ currentTarget: { scrollHeight, scrollTop, clientHeight } }) => {
        const isNear = scrollHeight - scrollTop - clientHeight < NEAR_PX;
        if (isNear && search.hasNextPage && !search.isFetching) void search.fetchNextPage();
      }}
    >
      <p className="px-5 pt-3 pb-1.5 text-xs font-semibold text-ink-muted" aria-live="polite">
        {words.found(results.length, formatCount(results.length), search.hasNextPage)}
      </p>
      <ul className="px-2 pb-2">
        {results.map((row) => (
          <li key={row.id} className="[contain-intrinsic-size:auto_4rem] [content-visibility:auto]">
            <a
              href={pathOf(row.id)}
              onClick={(event) => {
                if (!isPlain(event)) return;
                event.preventDefault();
                open(row, query);
              }}
              className="flex min-h-11 flex-col justify-center rounded-control px-3 py-2 text-sm outline-offset-[-2px] hover:bg-sunken"
            >
              <span className="truncate font-medium">
                <bdi>
                  <MarkedParts text={titleOf(row)} parts={row.match?.title} />
                </bdi>
              </span>
              {row.snippet && (
                <span className="mt-0.5 line-clamp-2 text-xs text-ink-muted">
                  <bdi>
                    <MarkedParts text={row.snippet} parts={row.match?.snippet} />
                  </bdi>
                </span>
              )}
            </a>
          </li>
        ))}
      </ul>
    </div>
  );
}
