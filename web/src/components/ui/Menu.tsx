import { useLayoutEffect, useRef, type KeyboardEvent, type ReactNode } from 'react';

interface Props {
  label: string;
  /** The button that it belongs to; it opens below or above it. */
  anchor: HTMLElement;
  onClose(): void;
  children: ReactNode;
}

const GAP_PX = 4;

/** A menu as a native popover: the browser closes it on a click elsewhere. Mounted means open. */
export function Menu({ label, anchor, onClose, children }: Props) {
  const menu = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const element = menu.current;
    if (!element) return;
    element.showPopover?.();
    moveTo(element, anchor);
    items(element)[0]?.focus();
    const hadFocus = () => element.contains(document.activeElement);
    return () => {
      if (hadFocus()) anchor.focus();
    };
  }, [anchor]);

  function onKeyDown(event: KeyboardEvent<HTMLDivElement>) {
    const all = items(event.currentTarget);
    const at = all.findIndex((item) => item === document.activeElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 }[event.key];
    if (to !== undefined) all.at(to % all.length)?.focus();
    else if (event.key === 'Escape' || event.key === 'Tab') onClose();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  return (
    <div
      ref={menu}
      popover="auto"
      data-menu
      role="menu"
      tabIndex={-1}
      aria-label={label}
      onKeyDown={onKeyDown}
      onToggle={(event) => event.newState === 'closed' && onClose()}
      className="fixed inset-auto m-0 min-w-56 animate-rise rounded-card border border-line bg-surface p-1.5 text-sm font-normal whitespace-normal text-ink shadow-dialog"
    >
      {children}
    </div>
  );
}

export const MENU_ITEM =
  'flex min-h-11 w-full items-center gap-3 rounded-control px-3 text-start outline-offset-[-2px] hover:bg-sunken focus-visible:bg-sunken [&_svg]:size-4 [&_svg]:shrink-0 [&_svg]:text-ink-muted';

function items(menu: HTMLElement): HTMLElement[] {
  return [...menu.querySelectorAll<HTMLElement>('[role^=menuitem]')];
}

/** Below the anchor, above it where there is no room; never over the edge of the screen. */
function moveTo(menu: HTMLElement, anchor: HTMLElement): void {
  const from = anchor.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = menu;
  const below = from.bottom + GAP_PX;
  const top = below + height > window.innerHeight ? from.top - GAP_PX - height : below;
  const start = document.dir === 'rtl' ? from.left : from.right - width;
  const left = Math.min(Math.max(GAP_PX, start), window.innerWidth - width - GAP_PX);
  menu.style.top = `${Math.max(GAP_PX, top)}px`;
  menu.style.left = `${left}px`;
}
