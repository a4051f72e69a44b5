import { CircleAlert, Clock3, CornerUpLeft, Paperclip } from 'lucide-react';
import { useState } from 'react';
import { formatCount } from '../../format';
import { errorWords } from '../../errorWords';
import { strings } from '../../strings';
import { Literal } from '../ui/Literal';
import { withoutField } from '../../transport/types';
import type { QueuedMessage } from '../../transport/messageQueue';

interface Props {
  messages: readonly QueuedMessage[];
  /** A reply runs: they wait for its end. Else they wait for the server. */
  busy: boolean;
  /** A reply was stopped before them: they wait for the person. */
  held: boolean;
  onResume(): void;
  onDiscard(): void;
  /** Resolves when the message has been removed from the queue, or could not be. */
  onUnqueue(clientId: string): Promise<void>;
}

/** The queued messages in their order, on top of the composer. */
export function QueuedMessages({ messages, busy, held, onResume, onDiscard, onUnqueue }: Props) {
  if (messages.length === 0) return null;
  const count = messages.filter(({ error }) => !error).length;
  return (
    <section
      aria-label={strings.queue.name}
      className="mx-4 -mb-px animate-rise rounded-t-card border border-line bg-sunken"
    >
      <div className="flex min-h-8 items-center gap-1 ps-3.5 pe-1 pt-1 text-xs text-ink-muted">
        <p className="min-w-0 flex-1" role={held ? 'status' : undefined}>
          {held ? strings.queue.held(formatCount(count)) : busy || count === 0 ? strings.queue.lead(count, formatCount(count)) : strings.queue.unsent}
        </p>
        {held && !busy && (
          <>
            <button type="button" className={HELD_BUTTON} onClick={onResume}>
              {strings.queue.resume}
            </button>
            <button type="button" className={HELD_BUTTON} onClick={onDiscard}>
              {strings.queue.discard}
            </button>
          </>
        )}
      </div>
      <ol className="scroll-quiet max-h-[min(9.5rem,22dvh)] divide-y divide-line overflow-y-auto overscroll-contain pb-1">
        {messages.map((message) => (
          <Row key={message.clientId} message={message} onUnqueue={onUnqueue} />
        ))}
      </ol>
    </section>
  );
}

const HELD_BUTTON =
  'h-9 shrink-0 rounded-control px-3 font-semibold text-ink hover:bg-line pointer-coarse:h-11';

function Row({ message, onUnqueue }: { message: QueuedMessage; onUnqueue: Props['onUnqueue'] }) {
  const { clientId, content, attachments = [], sending, error } = message;
  const [leaving, setLeaving] = useState(false);
  const Icon = error ? CircleAlert : Clock3;

  function unqueue() {
    setLeaving(true);
    void onUnqueue(clientId).finally(() => setLeaving(false));
  }

  return (
    <li className="flex min-h-11 items-center gap-2.5 ps-3.5 pe-1 text-sm">
      <Icon className={`size-4 shrink-0 ${error ? 'text-danger' : 'text-ink-muted'}`} strokeWidth={1.75} aria-hidden />
      <div className="min-w-0 flex-1 py-1">
        <p className={`truncate ${sending || leaving ? 'text-ink-muted' : ''}`} dir="auto" data-tip={content.slice(0, 300)}>
          {attachments.length > 0 && <Paperclip className="me-1.5 inline size-3.5 text-ink-muted" strokeWidth={1.75} aria-hidden />}
          <Literal text={content === '' ? attachments.map(({ name }) => name).join(', ') : content} />
        </p>
        {error && (
          <p role="alert" className="text-xs break-words text-danger">
            {strings.queue.refused(withoutField(errorWords(error)))}
          </p>
        )}
      </div>
      <button
        type="button"
        aria-label={strings.queue.edit}
        data-tip={strings.queue.edit}
        disabled={leaving}
        onClick={unqueue}
        className="flex h-9 min-w-9 shrink-0 items-center justify-center gap-1.5 rounded-control px-2 text-xs font-medium text-ink-muted enabled:hover:bg-line enabled:hover:text-ink disabled:opacity-40 pointer-coarse:h-11 pointer-coarse:min-w-11"
      >
        <CornerUpLeft className="size-4" strokeWidth={1.75} aria-hidden />
        <span className="max-md:hidden" aria-hidden>
          {strings.queue.edit}
        </span>
      </button>
    </li>
  );
}
