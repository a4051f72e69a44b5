import { useInfiniteQuery } from '@tanstack/react-query';
import { rows } from '../state/conversationList';
import { listQuery } from '../state/conversations';
import { pathOf } from '../state/route';
import { strings } from '../strings';
import { titleOf, useActions } from './sidebar/useActions';
import { isPlain } from './ui/isPlain';

const SHOWN = 3;

/** The last chats, as a way back from an empty one; as far as the sidebar has read them. */
export function RecentChats({ except }: { except: string }) {
  const { data } = useInfiniteQuery({ ...listQuery('recent'), enabled: false });
  const { open } = useActions();
  const recent = rows(data)
    .filter(({ id, head_id }) => id !== except && head_id !== null)
    .slice(0, SHOWN);
  if (recent.length === 0) return null;
  return (
    <nav aria-label={strings.empty.recent} className="mt-5 flex flex-wrap items-center gap-x-1 gap-y-0.5 text-sm">
      <span className="me-1 text-ink-muted" aria-hidden>
        {strings.empty.recent}
      </span>
      {recent.map((row) => (
        <a
          key={row.id}
          href={pathOf(row.id)}
          onClick={(event) => {
            if (!isPlain(event)) return;
            event.preventDefault();
            open(row);
          }}
          className="inline-flex h-9 max-w-56 items-center rounded-control px-2.5 text-primary hover:bg-sunken pointer-coarse:h-11"
        >
          <bdi className="truncate">{titleOf(row)}</bdi>
        </a>
      ))}
    </nav>
  );
}
