import { useLayoutEffect, useRef, type MouseEvent, type ReactNode } from 'react';
import { strings } from '../../strings';
import { PanelHead } from './PanelHead';
import { followSwipeDown } from './swipeDown';
import { overAll } from './topDialog';

interface Props {
  label: string;
  closeLabel?: string;
  onClose(): void;
  children: ReactNode;
}

/**
 * A dialog that comes up from the lower edge, with a title that stays; the browser keeps the focus
 * inside and gives it back. It closes by its button, Escape, a tap beside it, or a swipe down.
 */
export function Sheet({ label, closeLabel = strings.frame.closeSheet, onClose, children }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const close = useRef(onClose);
  useLayoutEffect(() => {
    close.current = onClose;
  });
  // A layout effect: closed while it is still in the page, the dialog gives the focus back.
  useLayoutEffect(() => {
    const element = dialog.current;
    if (!element) return;
    element.showModal();
    element.querySelector<HTMLElement>('[data-first]')?.focus();
    const stop = followSwipeDown(element, () => close.current());
    const notOver = overAll(element);
    return () => {
      stop();
      notOver();
      element.close();
    };
  }, []);

  function onClick(event: MouseEvent) {
    // Only a click beside the content has the dialog itself as its target.
    if (event.target === dialog.current) onClose();
  }

  return (
    // The key for it is Escape, which the dialog brings along.
    // oxlint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/no-noninteractive-element-interactions
    <dialog
      ref={dialog}
      aria-label={label}
      onClose={onClose}
      onClick={onClick}
      className="sheet fixed inset-x-0 top-auto bottom-0 m-0 flex max-h-[85dvh] w-full max-w-none flex-col overflow-hidden rounded-t-sheet bg-surface text-base font-normal whitespace-normal pb-[env(safe-area-inset-bottom)] text-ink shadow-dialog"
    >
      <div className="touch-none" data-grip>
        <span aria-hidden className="mx-auto mt-2 block h-1 w-9 rounded-full bg-line-strong/60" />
        <PanelHead title={label} closeLabel={closeLabel} onClose={onClose} />
      </div>
      <div className="scroll-quiet flex min-h-0 flex-1 touch-pan-y flex-col overflow-y-auto overscroll-contain" data-scrolls>
        {children}
      </div>
    </dialog>
  );
}
