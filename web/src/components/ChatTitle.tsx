import { useQuery } from '@tanstack/react-query';
import { ChevronDown, Eraser, MessageCircleDashed, Printer } from 'lucide-react';
import { useCallback, useLayoutEffect, useRef, useState } from 'react';
import { provide, run } from '../state/commands';
import { conversationQuery } from '../state/queries';
import { strings } from '../strings';
import { aroundStrings } from '../strings/around';
import { RenameField } from './sidebar/RenameField';
import { RowMenu } from './sidebar/RowMenu';
import { useActions } from './sidebar/useActions';
import { MENU_ITEM } from './ui/Menu';

/** The title of the open chat, with all that can be done with it. A double click renames. */
export function ChatTitle({ id, title, onClear }: { id: string; title: string; onClear(): void }) {
  // As it is known: events keep it up to date.
  const { data: row } = useQuery({ ...conversationQuery(id), enabled: false });
  const [anchor, setAnchor] = useState<HTMLElement | null>(null);
  const [renaming, setRenaming] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const actions = useActions();
  const rename = useCallback(() => setRenaming(true), []);
  useLayoutEffect(() => {
    if (!row) return;
    const undo = [
      provide('renameChat', rename),
      provide('pinChat', () => actions.pin(row)),
      provide('archiveChat', () => actions.archive(row, !row.archived)),
      provide('exportChat', () => window.location.assign(`/api/conversations/${row.id}/export/?as=markdown`)),
      provide('deleteChat', () => actions.remove(row)),
    ];
    return () => {
      for (const take of undo) take();
    };
  }, [row, actions, rename]);

  if (renaming && row) {
    return (
      <RenameField
        title={row.title}
        onDone={(next) => {
          setRenaming(false);
          if (next !== null) actions.rename(row, next);
          requestAnimationFrame(() => button.current?.focus());
        }}
      />
    );
  }
  return (
    <h1 className="flex min-w-0 text-sm font-medium text-ink-muted">
      <button
        ref={button}
        type="button"
        aria-haspopup="menu"
        aria-expanded={anchor !== null}
        data-tip={title}
        onClick={(event) => setAnchor(event.currentTarget)}
        onDoubleClick={() => {
          setAnchor(null);
          rename();
        }}
        className="-mx-2 inline-flex h-9 min-w-0 items-center gap-1 rounded-control px-2 hover:bg-sunken hover:text-ink aria-expanded:bg-sunken pointer-coarse:h-11"
      >
        {row?.temporary && <MessageCircleDashed className="size-4 shrink-0 text-primary" role="img" aria-label={strings.temporary.mark} />}
        <span className="min-w-0 truncate" dir="auto">
          {title}
        </span>
        <ChevronDown className="size-3.5 shrink-0" aria-hidden />
      </button>
      {anchor && row && (
        <RowMenu
          row={row}
          anchor={anchor}
          actions={actions}
          onRename={rename}
          onRemove={() => actions.remove(row)}
          onClose={() => setAnchor(null)}
        >
          <button
            type="button"
            role="menuitem"
            className={MENU_ITEM}
            onClick={() => {
              setAnchor(null);
              setTimeout(() => run('printChat'));
            }}
          >
            <Printer strokeWidth={1.75} aria-hidden />
            {aroundStrings.menu.print}
          </button>
          <button
            type="button"
            role="menuitem"
            className={MENU_ITEM}
            onClick={() => {
              setAnchor(null);
              // When the menu has given the focus back, to which the dialog returns.
              setTimeout(onClear);
            }}
          >
            <Eraser strokeWidth={1.75} aria-hidden />
            {strings.header.clear}
          </button>
        </RowMenu>
      )}
    </h1>
  );
}
