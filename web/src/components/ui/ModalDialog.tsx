import { useLayoutEffect, useRef, type MouseEvent, type ReactNode } from 'react';

interface Props {
  label: string;
  onClose(): void;
  className: string;
  children: ReactNode;
}

/** A native dialog, open while it is mounted; a click beside it closes it, as Escape does. */
export function ModalDialog({ label, onClose, className, children }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  // A layout effect: closed while it is still in the page, the dialog gives the focus back.
  useLayoutEffect(() => {
    const element = dialog.current;
    element?.showModal();
    element?.querySelector<HTMLElement>('[data-first]')?.focus();
    return () => element?.close();
  }, []);

  function onClick(event: MouseEvent) {
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
      className={`max-w-none bg-surface text-ink shadow-dialog ${className}`}
    >
      {children}
    </dialog>
  );
}
