import { Ellipsis } from 'lucide-react';
import type { Conversation } from '../../protocol';
import { pathOf } from '../../state/route';
import { aroundStrings } from '../../strings/around';
import { isPlain } from '../ui/isPlain';
import { RenameField } from './RenameField';
import { titleOf } from './useActions';

interface Props {
  row: Conversation;
  /** Its place in the list, in pixels. */
  top: number;
  current: boolean;
  inTabOrder: boolean;
  renaming: boolean;
  menuOpen: boolean;
  onOpen(row: Conversation): void;
  onActive(id: string): void;
  onMenu(menu: { id: string; anchor: HTMLElement }): void;
  /** Null: it stays as it was. */
  onRename(title: string | null): void;
}

/** One conversation: a link, so that it can also be opened in another tab, and its menu. */
export function ConversationRow({ row, top, current, inTabOrder, renaming, menuOpen, ...on }: Props) {
  const title = titleOf(row);
  const tabIndex = inTabOrder ? 0 : -1;
  return (
    <li className="group/row absolute inset-x-2 flex h-10 items-stretch py-px pointer-coarse:h-11 pointer-coarse:py-0" style={{ top }}>
      {renaming ? (
        <RenameField title={row.title} onDone={on.onRename} />
      ) : (
        <>
          <a
            href={pathOf(row.id)}
            data-row={row.id}
            aria-current={current ? 'page' : undefined}
            tabIndex={tabIndex}
            onFocus={() => on.onActive(row.id)}
            onClick={(event) => {
              if (!isPlain(event)) return;
              event.preventDefault();
              on.onOpen(row);
            }}
            onContextMenu={(event) => {
              // By the keyboard's menu key; the mouse has the browser's own menu.
              if (event.button === 2) return;
              event.preventDefault();
              on.onMenu({ id: row.id, anchor: event.currentTarget });
            }}
            className="flex min-w-0 flex-1 items-center gap-2 rounded-control px-3 text-sm outline-offset-[-2px] group-focus-within/row:pe-10 group-hover/row:bg-sunken group-hover/row:pe-10 aria-[current]:bg-primary-soft aria-[current]:font-medium forced-colors:aria-[current]:border-s-4 pointer-coarse:pe-11"
          >
            <span className="min-w-0 flex-1 truncate" data-tip={title}>
              <bdi>{title}</bdi>
            </span>
            {row.running && (
              <span
                role="img"
                aria-label={aroundStrings.sidebar.running}
                className="size-2 shrink-0 animate-breathe rounded-full bg-primary forced-colors:bg-[Highlight]"
              />
            )}
          </a>
          <button
            type="button"
            aria-label={aroundStrings.sidebar.actions(title)}
            aria-haspopup="menu"
            aria-expanded={menuOpen}
            tabIndex={tabIndex}
            onFocus={() => on.onActive(row.id)}
            onClick={(event) => on.onMenu({ id: row.id, anchor: event.currentTarget })}
            className="absolute end-1 top-1 grid size-8 place-items-center rounded-control text-ink-muted opacity-0 outline-offset-[-2px] group-hover/row:opacity-100 group-focus-within/row:opacity-100 hover:bg-line hover:text-ink aria-expanded:opacity-100 pointer-coarse:end-0 pointer-coarse:top-0 pointer-coarse:size-11 pointer-coarse:opacity-100"
          >
            <Ellipsis className="size-4" aria-hidden />
          </button>
        </>
      )}
    </li>
  );
}
