import { useLayoutEffect, useRef, useState, type KeyboardEvent } from 'react';
import type { Attachment } from '../../protocol';
import { strings } from '../../strings';
import type { Written } from '../../transport/types';
import { KeptFiles } from '../files/KeptFiles';
import { autoGrow } from '../ui/autoGrow';
import { isTouch } from '../ui/pointer';
import { whyUnsendable } from '../composer/sendable';

interface Props {
  text: string;
  files: readonly Attachment[];
  /** A reply is being made: it can be written, not sent. */
  busy: boolean;
  onSend(message: Written): void;
  onCancel(): void;
}

/** Edits an own message. Escape cancels. */
export function MessageEditor({ text: before, files: attached, busy, onSend, onCancel }: Props) {
  const [text, setText] = useState(before);
  const [files, setFiles] = useState(attached);
  const field = useRef<HTMLTextAreaElement>(null);
  const problem = whyUnsendable(text);
  const sendable = !busy && !problem && (text.trim() !== '' || files.length > 0);
  useLayoutEffect(() => autoGrow(field.current));
  useLayoutEffect(() => {
    field.current?.focus();
    field.current?.setSelectionRange(field.current.value.length, field.current.value.length);
  }, []);

  function send() {
    if (sendable) onSend({ content: text.trim(), attachments: files });
  }

  function onKeyDown(event: KeyboardEvent) {
    const composing = event.nativeEvent.isComposing || event.keyCode === 229;
    if (composing) return;
    if (event.key === 'Escape') {
      // It closes the editor, and does not stop a reply besides.
      event.preventDefault();
      event.stopPropagation();
      onCancel();
    } else if (event.key === 'Enter' && !event.shiftKey && !isTouch()) {
      event.preventDefault();
      send();
    }
  }

  return (
    <div className="w-full rounded-card border border-line-strong bg-surface p-2 shadow-float focus-within:border-primary focus-within:outline-1 focus-within:outline-primary">
      <KeptFiles files={files} onRemove={(file) => setFiles(files.filter((kept) => kept !== file))} />
      <textarea
        ref={field}
        rows={1}
        aria-label={strings.edit.label}
        aria-describedby="edit-help"
        className="auto-grow scroll-quiet max-h-[min(16lh,50dvh)] min-h-11 w-full resize-none bg-transparent px-2.5 py-2 text-base outline-none"
        dir="auto"
        aria-invalid={problem !== null}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        onKeyDown={onKeyDown}
      />
      <div className="flex flex-wrap items-center justify-end gap-2">
        <p
          id="edit-help"
          role={problem ? 'alert' : undefined}
          className={`me-auto px-2.5 text-xs ${problem ? 'text-danger' : 'text-ink-muted max-sm:sr-only'}`}
        >
          {problem ?? strings.edit.help}
        </p>
        <button type="button" className="button button-quiet" onClick={onCancel}>
          {strings.edit.cancel}
        </button>
        <button type="button" className="button button-primary" disabled={!sendable} onClick={send}>
          {strings.edit.send}
        </button>
      </div>
    </div>
  );
}
