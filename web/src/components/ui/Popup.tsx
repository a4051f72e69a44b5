import { useLayoutEffect, useRef, useState, type MouseEvent, type ReactNode } from 'react';
import { placeBeside } from './anchored';
import { Sheet } from './Sheet';
import { useMediaQuery } from './useMediaQuery';

interface Props {
  label: string;
  /** The button that it belongs to. */
  anchor: HTMLElement;
  onClose(): void;
  /** Its size beside the anchor. */
  className: string;
  children: ReactNode;
}

/**
 * What a button opens: beside it where there is room, else a sheet. Mounted means open. The focus
 * goes to `[data-first]`, and back to the button.
 */
export function Popup({ label, anchor, onClose, className, children }: Props) {
  const wide = useMediaQuery('(min-width: 48rem)');
  if (!wide) {
    return (
      <Sheet label={label} onClose={onClose}>
        {children}
      </Sheet>
    );
  }
  return (
    <Beside label={label} anchor={anchor} onClose={onClose} className={className}>
      {children}
    </Beside>
  );
}

function Beside({ label, anchor, onClose, className, children }: Props) {
  const popover = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const element = popover.current;
    if (!element) return;
    element.showPopover?.();
    const place = () => placeBeside(element, anchor);
    place();
    (element.querySelector<HTMLElement>('[data-first]') ?? element).focus();
    window.addEventListener('resize', place);
    return () => {
      window.removeEventListener('resize', place);
      if (element.contains(document.activeElement)) anchor.focus();
    };
  }, [anchor]);
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions
    <div
      ref={popover}
      popover="auto"
      data-menu
      role="dialog"
      tabIndex={-1}
      aria-label={label}
      onToggle={(event) => event.newState === 'closed' && onClose()}
      onBlur={(event) => {
        // By Tab; to another window it has no target.
        if (event.relatedTarget && !event.currentTarget.contains(event.relatedTarget)) onClose();
      }}
      className={`fixed inset-auto m-0 flex max-w-[calc(100vw-1rem)] animate-rise flex-col overflow-hidden rounded-card border border-line bg-surface p-0 text-base font-normal whitespace-normal text-ink shadow-dialog outline-none ${className}`}
    >
      {children}
    </div>
  );
}

/** The state of a popup and the attributes of its button: a click on it while it is open closes it. */
export function usePopupAnchor() {
  const [anchor, setAnchor] = useState<HTMLElement | null>(null);
  // A press outside closes the popover before the click arrives, which must not open it again.
  const wasOpen = useRef(false);
  return {
    anchor,
    close: () => setAnchor(null),
    opener: {
      'aria-haspopup': 'dialog' as const,
      'aria-expanded': anchor !== null,
      onPointerDown: () => {
        wasOpen.current = anchor !== null;
      },
      onClick: (event: MouseEvent<HTMLElement>) => {
        setAnchor(wasOpen.current || anchor ? null : event.currentTarget);
        wasOpen.current = false;
      },
    },
  };
}
