import { Archive, ArchiveRestore, Bookmark, Braces, CopyPlus, FileText, Pencil, Pin, PinOff, Trash2 } from 'lucide-react';
import type { LucideIcon } from 'lucide-react';
import type { ReactNode } from 'react';
import type { Conversation } from '../../protocol';
import { aroundStrings } from '../../strings/around';
import { Menu, MENU_ITEM } from '../ui/Menu';
import { titleOf, type RowActions } from './useActions';

interface Props {
  row: Conversation;
  anchor: HTMLElement;
  actions: RowActions;
  onRename(): void;
  onRemove(): void;
  onClose(): void;
  /** More entries, before Delete. */
  children?: ReactNode;
}

const words = aroundStrings.menu;

/** What can be done with one conversation. */
export function RowMenu({ row, anchor, actions, onRename, onRemove, onClose, children }: Props) {
  function item(icon: LucideIcon, label: string, action: () => void, look = '') {
    const Icon = icon;
    const choose = () => {
      onClose();
      action();
    };
    return (
      <button type="button" role="menuitem" className={`${MENU_ITEM} ${look}`} onClick={choose}>
        <Icon strokeWidth={1.75} aria-hidden />
        {label}
      </button>
    );
  }
  const danger = 'text-danger [&_svg]:text-danger! hover:bg-danger-soft focus-visible:bg-danger-soft';
  return (
    <Menu label={aroundStrings.sidebar.actions(titleOf(row))} anchor={anchor} onClose={onClose}>
      {item(Pencil, words.rename, onRename)}
      {!row.archived && !row.temporary &&
        item(row.pinned ? PinOff : Pin, row.pinned ? words.unpin : words.pin, () => actions.pin(row))}
      {row.temporary
        ? item(Bookmark, words.keep, () => actions.duplicate(row))
        : row.archived
          ? item(ArchiveRestore, words.unarchive, () => actions.archive(row, false))
          : item(Archive, words.archive, () => actions.archive(row, true))}
      {!row.temporary && item(CopyPlus, words.duplicate, () => actions.duplicate(row))}
      <Export row={row} as="markdown" icon={FileText} onClose={onClose} />
      <Export row={row} as="json" icon={Braces} onClose={onClose} />
      {children}
      <hr className="mx-2 my-1.5 border-line" />
      {item(Trash2, words.remove, onRemove, danger)}
    </Menu>
  );
}

type ExportProps = Pick<Props, 'row' | 'onClose'> & { as: 'markdown' | 'json'; icon: LucideIcon };

function Export({ row, as, icon: Icon, onClose }: ExportProps) {
  return (
    <a
      role="menuitem"
      className={MENU_ITEM}
      href={`/api/conversations/${row.id}/export/?as=${as}`}
      download
      // After the browser has followed the link: it goes with the menu.
      onClick={() => setTimeout(onClose)}
    >
      <Icon strokeWidth={1.75} aria-hidden />
      {words[as]}
    </a>
  );
}
