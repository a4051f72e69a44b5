import { useLayoutEffect, useRef, type MouseEvent, type ReactNode } from 'react';

interface Props {
  label: string;
  onClose(): void;
  children: ReactNode;
}

/** A dialog that comes up from the lower edge; the browser keeps the focus inside and gives it back. */
export function Sheet({ label, onClose, children }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  // A layout effect: closed while it is still in the page, the dialog gives the focus back.
  useLayoutEffect(() => {
    const element = dialog.current;
    element?.showModal();
    return () => element?.close();
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
      className="scroll-quiet fixed inset-x-0 top-auto bottom-0 m-0 max-h-[85dvh] w-full max-w-none overflow-y-auto overscroll-contain rounded-t-sheet bg-surface pb-[env(safe-area-inset-bottom)] text-ink shadow-dialog"
    >
      {children}
    </dialog>
  );
}
