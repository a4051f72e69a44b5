import { useLayoutEffect, useRef, type MouseEvent, type ReactNode } from 'react';
import { closeDrawer } from '../../state/frame';
import { strings } from '../../strings';
import { overAll } from '../ui/topDialog';
import { isDragged } from './drag';

/** The sidebar over the thread; the browser keeps the focus inside and gives it back. */
export function Drawer({ children }: { children: ReactNode }) {
  const dialog = useRef<HTMLDialogElement>(null);
  // A layout effect: closed while it is still in the page, the dialog gives the focus back.
  useLayoutEffect(() => {
    const element = dialog.current;
    if (!element) return;
    element.classList.toggle('dragged', isDragged());
    element.showModal();
    const stop = overAll(element);
    return () => {
      stop();
      element.close();
    };
  }, []);

  function onClick(event: MouseEvent) {
    // Only a click beside the content has the dialog itself as its target.
    if (event.target === dialog.current) closeDrawer();
  }

  return (
    // The key for it is Escape, which the dialog brings along.
    // oxlint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/no-noninteractive-element-interactions
    <dialog
      ref={dialog}
      aria-label={strings.frame.sidebar}
      onClose={closeDrawer}
      onClick={onClick}
      className="drawer fixed inset-y-0 start-0 end-auto m-0 h-dvh max-h-none w-[min(20rem,calc(100vw-3.5rem))] max-w-none bg-surface text-ink shadow-dialog"
    >
      <nav
        aria-label={strings.frame.sidebar}
        className="flex h-full flex-col low:overflow-y-auto pt-[env(safe-area-inset-top)] pb-[env(safe-area-inset-bottom)]"
      >
        {children}
      </nav>
    </dialog>
  );
}
