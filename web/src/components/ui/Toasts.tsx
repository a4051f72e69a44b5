import { X } from 'lucide-react';
import { createPortal } from 'react-dom';
import { dismiss, holdToasts, undoToast, useToasts } from '../../state/toasts';
import { useFrame } from '../../state/frame';
import { strings } from '../../strings';
import { IconButton } from './IconButton';
import { useTopDialog } from './topDialog';

/**
 * What happened elsewhere. The region is there before the first toast, or it would not be read out;
 * inside a modal dialog while one is open, which makes all beside it inert.
 */
export function Toasts() {
  const toasts = useToasts((state) => state.toasts);
  const dialog = useTopDialog();
  const sidebar = useFrame((frame) => frame.sidebar);
  // In the middle of the thread, not of the window; or of the dialog.
  const beside = sidebar && !dialog;
  const region = (
    // Nothing happens on it but that its toasts stay while one is there.
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions
    <section
      aria-label={strings.frame.toasts}
      aria-live="polite"
      onPointerEnter={() => holdToasts('pointer', true)}
      onPointerLeave={() => holdToasts('pointer', false)}
      onFocus={() => holdToasts('focus', true)}
      onBlur={() => holdToasts('focus', false)}
      className={`pointer-events-none fixed inset-x-0 bottom-[calc(7rem+env(safe-area-inset-bottom))] z-40 flex flex-col items-center gap-2 px-4 print:hidden ${beside ? 'wide:start-72' : ''}`}
    >
      {toasts.map((toast) => (
        <div
          key={toast.id}
          className="pointer-events-auto flex min-h-12 max-w-full animate-rise items-center gap-1 rounded-control bg-ink ps-4 pe-1 text-sm text-canvas shadow-dialog forced-colors:border"
        >
          <span className="my-2 me-2 line-clamp-2 min-w-0 break-words">{toast.text}</span>
          {toast.undo && (
            <button
              type="button"
              onClick={() => undoToast(toast)}
              className="h-11 shrink-0 rounded-control px-3 font-semibold underline decoration-accent decoration-2 underline-offset-4 hover:bg-canvas/15"
            >
              {strings.frame.undo}
            </button>
          )}
          <IconButton
            icon={X}
            label={strings.frame.dismiss}
            className="text-canvas! hover:bg-canvas/15! [&_svg]:size-4"
            onClick={() => dismiss(toast.id)}
          />
        </div>
      ))}
    </section>
  );
  return dialog ? createPortal(region, dialog) : region;
}
