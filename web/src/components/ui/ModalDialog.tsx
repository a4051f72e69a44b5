import { useLayoutEffect, useRef, type MouseEvent, type PointerEvent, type ReactNode } from 'react';
import { overAll } from './topDialog';

interface Props {
  label: string;
  onClose(): void;
  className: string;
  children: ReactNode;
}

/**
 * A native dialog, open while it is mounted. A click beside it closes it, as Escape does; not while
 * a text is written in it, which would be lost.
 */
export function ModalDialog({ label, onClose, className, children }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  // A layout effect: closed while it is still in the page, the dialog gives the focus back.
  useLayoutEffect(() => {
    const element = dialog.current;
    if (!element) return;
    element.showModal();
    element.querySelector<HTMLElement>('[data-first]')?.focus();
    const stop = overAll(element);
    return () => {
      stop();
      element.close();
    };
  }, []);

  /** False after a press inside: marking a text may end beside the dialog. */
  const pressedBeside = useRef(true);
  function onPointerDown(event: PointerEvent) {
    pressedBeside.current = event.target === dialog.current;
  }
  function onClick(event: MouseEvent) {
    if (event.target === dialog.current && pressedBeside.current && !isWrittenIn(dialog.current)) onClose();
  }

  return (
    // The key for it is Escape, which the dialog brings along.
    // oxlint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/no-noninteractive-element-interactions
    <dialog
      ref={dialog}
      aria-label={label}
      onClose={onClose}
      onPointerDown={onPointerDown}
      onClick={onClick}
      className={`max-w-none bg-surface text-ink shadow-dialog ${className}`}
    >
      {children}
    </dialog>
  );
}

function isWrittenIn(dialog: HTMLElement): boolean {
  return [...dialog.querySelectorAll('textarea')].some(({ value }) => value.trim() !== '');
}
