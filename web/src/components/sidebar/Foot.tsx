import { useQuery } from '@tanstack/react-query';
import { Archive, ArrowLeft, ChevronsUpDown, Keyboard, LogOut, ShieldCheck, UserRound } from 'lucide-react';
import { useState } from 'react';
import { api, csrfToken } from '../../transport/api';
import { useFrame } from '../../state/frame';
import { shouldRetry } from '../../state/queries';
import { aroundStrings } from '../../stringsAround';
import { Menu, MENU_ITEM } from '../ui/Menu';

interface Props {
  archived: boolean;
  onArchived(): void;
}

const words = aroundStrings.user;
const LINE =
  'flex h-11 w-full items-center gap-2.5 rounded-control px-3 text-start text-sm hover:bg-sunken aria-expanded:bg-sunken';

/** The archive, and who is signed in. */
export function Foot({ archived, onArchived }: Props) {
  const { archived: open, leaveArchived } = aroundStrings.sidebar;
  const Icon = archived ? ArrowLeft : Archive;
  return (
    <div className="shrink-0 border-t border-line p-2">
      <button type="button" onClick={onArchived} className={`${LINE} text-ink-muted hover:text-ink`}>
        <Icon className="size-4.5 rtl:-scale-x-100" strokeWidth={1.75} aria-hidden />
        {archived ? leaveArchived : open}
      </button>
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
      {anchor && <UserMenu name={name} staff={me?.is_staff ?? false} anchor={anchor} onClose={() => setAnchor(null)} />}
    </>
  );
}

interface UserMenuProps {
  name: string;
  staff: boolean;
  anchor: HTMLElement;
  onClose(): void;
}

function UserMenu({ name, staff, anchor, onClose }: UserMenuProps) {
  function help() {
    onClose();
    useFrame.setState({ help: true, drawer: false });
  }
  return (
    <Menu label={words.menu(name)} anchor={anchor} onClose={onClose}>
      <a role="menuitem" className={MENU_ITEM} href="/profile">
        <UserRound strokeWidth={1.75} aria-hidden />
        {words.profile}
      </a>
      {staff && (
        <a role="menuitem" className={MENU_ITEM} href="/admin/">
          <ShieldCheck strokeWidth={1.75} aria-hidden />
          {words.admin}
        </a>
      )}
      <button type="button" role="menuitem" className={MENU_ITEM} onClick={help}>
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
