import { useLayoutEffect, useRef, useState } from 'react';
import { saidError } from '../../errorWords';
import { strings } from '../../strings';

interface Props {
  /** A reply is being written. */
  running: boolean;
  /** Starts the fresh conversation; a rejection is shown and nothing has changed. */
  onConfirm(): Promise<void>;
  onClose(): void;
}

/** Asks before the thread goes. Mounted means open; the focus returns to where it came from. */
export function ClearChat({ running, onConfirm, onClose }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const cancel = useRef<HTMLButtonElement>(null);
  const [working, setWorking] = useState(false);
  const [problem, setProblem] = useState('');
  // A layout effect: closed while it is still in the page, the dialog gives the focus back.
  useLayoutEffect(() => {
    const element = dialog.current;
    element?.showModal();
    cancel.current?.focus();
    return () => element?.close();
  }, []);

  async function confirm() {
    setWorking(true);
    setProblem('');
    try {
      await onConfirm();
      onClose();
    } catch (error) {
      setProblem(saidError(error));
      setWorking(false);
    }
  }

  return (
    <dialog
      ref={dialog}
      aria-labelledby="clear-title"
      aria-describedby="clear-body"
      onClose={onClose}
      className="m-auto w-[calc(100%-2rem)] max-w-card rounded-card bg-surface p-6 text-ink shadow-dialog"
    >
      <h2 id="clear-title" className="text-lg font-semibold">
        {strings.clear.title}
      </h2>
      <p id="clear-body" className="mt-2 text-sm text-ink-muted">
        {strings.clear.body} {running && strings.clear.running}
      </p>
      {problem !== '' && (
        <p role="alert" className="mt-3 rounded-control bg-danger-soft px-3 py-2 text-sm">
          {problem}
        </p>
      )}
      <div className="mt-6 flex justify-end gap-2">
        <button ref={cancel} type="button" className="button button-quiet" onClick={onClose}>
          {strings.clear.cancel}
        </button>
        <button type="button" className="button button-primary" disabled={working} onClick={() => void confirm()}>
          {strings.clear.confirm}
        </button>
      </div>
    </dialog>
  );
}
