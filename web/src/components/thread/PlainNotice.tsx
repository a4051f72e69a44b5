import { strings } from '../../strings';

/** Tells that the chat is shown as plain text, because it has ended the page. */
export function PlainNotice({ onFormat }: { onFormat: () => void }) {
  return (
    <aside className="mx-auto flex w-full max-w-column flex-wrap items-center justify-between gap-x-3 px-4 py-2 text-sm">
      {strings.thread.plain}
      <button type="button" className="button button-quiet" onClick={onFormat}>
        {strings.thread.format}
      </button>
    </aside>
  );
}
