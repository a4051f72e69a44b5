import { useQuery } from '@tanstack/react-query';
import { Archive, BookMarked, Boxes, ChevronsUpDown, FolderOpen, Keyboard, LogOut, PlugZap, ShieldCheck, UserRound, UsersRound, Wrench } from 'lucide-react';
import { useState } from 'react';
import { api, csrfToken } from '../../transport/api';
import { useFrame } from '../../state/frame';
import { shouldRetry } from '../../state/queries';
import { aroundStrings } from '../../strings/around';
import { strings } from '../../strings';
import { readTheme } from '../../theme';
import { Menu, MENU_ITEM } from '../ui/Menu';
import { ThemeChoices } from '../ui/ThemeMenu';
import { Notifications } from './Notifications';

interface Props {
  /** Absent while they are shown. */
  onArchived?(): void;
}

const words = aroundStrings.user;
const LINE =
  'flex h-11 w-full items-center gap-2.5 rounded-control px-3 text-start text-sm hover:bg-sunken aria-expanded:bg-sunken';

/** The archive, and who is signed in. */
export function Foot({ onArchived }: Props) {
  return (
    <div className="shrink-0 border-t border-line p-2">
      {onArchived && (
        <button type="button" onClick={onArchived} className={`${LINE} text-ink-muted hover:text-ink`}>
          <Archive className="size-4.5" strokeWidth={1.75} aria-hidden />
          {aroundStrings.sidebar.archived}
        </button>
      )}
      <Account />
    </div>
  );
}

function Account() {
  const [anchor, setAnchor] = useState<HTMLElement | null>(null);
  const { data: me } = useQuery({
    queryKey: ['me'],
    queryFn: ({ signal }) => api.me(signal),
    networkMode: 'always',
    retry: shouldRetry,
    staleTime: Infinity,
    refetchOnReconnect: false,
  });
  const name = me?.username ?? '';
  return (
    <>
      <button
        type="button"
        aria-haspopup="menu"
        aria-expanded={anchor !== null}
        aria-label={words.menu(name)}
        onClick={(event) => setAnchor(event.currentTarget)}
        className={LINE}
      >
        <span
          aria-hidden
          className="-ms-1 grid size-7 shrink-0 place-items-center rounded-full bg-primary text-xs font-semibold text-on-primary uppercase"
        >
          {[...name][0]}
        </span>
        <span className="min-w-0 flex-1 truncate font-medium" dir="auto">
          {name}
        </span>
        <ChevronsUpDown className="size-4 text-ink-muted" strokeWidth={1.75} aria-hidden />
      </button>
      {anchor && <UserMenu name={name} staff={me?.is_staff ?? false} admin={me?.may_administer ?? false} anchor={anchor} onClose={() => setAnchor(null)} />}
    </>
  );
}

interface UserMenuProps {
  name: string;
  staff: boolean;
  admin: boolean;
  anchor: HTMLElement;
  onClose(): void;
}

function UserMenu({ name, staff, admin, anchor, onClose }: UserMenuProps) {
  function files() {
    onClose();
    useFrame.setState({ files: true, drawer: false });
  }
  function help() {
    onClose();
    useFrame.setState({ help: true, drawer: false });
  }
  return (
    <Menu label={words.menu(name)} anchor={anchor} onClose={onClose}>
      <button
        type="button"
        role="menuitem"
        className={MENU_ITEM}
        onClick={() => {
          onClose();
          useFrame.setState({ prompts: true, drawer: false });
        }}
      >
        <BookMarked strokeWidth={1.75} aria-hidden />
        {words.prompts}
      </button>
      <a role="menuitem" className={MENU_ITEM} href="/profile">
        <UserRound strokeWidth={1.75} aria-hidden />
        {words.profile}
      </a>
      <button type="button" role="menuitem" className={MENU_ITEM} onClick={files}>
        <FolderOpen strokeWidth={1.75} aria-hidden />
        {words.files}
      </button>
      <Notifications onClose={onClose} />
      {staff && (
        <a role="menuitem" className={MENU_ITEM} href="/people">
          <UsersRound strokeWidth={1.75} aria-hidden />
          {words.people}
        </a>
      )}
      {staff && (
        <a role="menuitem" className={MENU_ITEM} href="/connections">
          <PlugZap strokeWidth={1.75} aria-hidden />
          {words.connections}
        </a>
      )}
      {staff && (
        <a role="menuitem" className={MENU_ITEM} href="/models">
          <Boxes strokeWidth={1.75} aria-hidden />
          {words.models}
        </a>
      )}
      {staff && (
        <a role="menuitem" className={MENU_ITEM} href="/tools">
          <Wrench strokeWidth={1.75} aria-hidden />
          {words.tools}
        </a>
      )}
      {admin && (
        <a role="menuitem" className={MENU_ITEM} href="/admin/">
          <ShieldCheck strokeWidth={1.75} aria-hidden />
          {words.admin}
        </a>
      )}
      {/* Where the header has no room for it. */}
      <div role="group" aria-label={strings.header.themeMenu} className="border-y border-line py-1 sm:hidden">
        <ThemeChoices theme={readTheme()} onChoose={onClose} />
      </div>
      <button type="button" role="menuitem" className={`${MENU_ITEM} pointer-coarse:hidden`} onClick={help}>
        <Keyboard strokeWidth={1.75} aria-hidden />
        {words.shortcuts}
      </button>
      <hr className="mx-2 my-1.5 border-line" />
      <form method="post" action="/signout/" role="none">
        <input type="hidden" name="csrfmiddlewaretoken" value={csrfToken()} />
        <button type="submit" role="menuitem" className={MENU_ITEM}>
          <LogOut strokeWidth={1.75} aria-hidden />
          {words.signOut}
        </button>
      </form>
    </Menu>
  );
}
