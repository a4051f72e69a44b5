import { ArrowDown, ArrowUp, CircleAlert, Clock3, Pencil, Paperclip, SendHorizontal, type LucideIcon } from 'lucide-react';
import { useState } from 'react';
import { formatCount } from '../../format';
import { errorWords } from '../../errorWords';
import { strings } from '../../strings';
import { toast } from '../../state/toasts';
import { announce } from '../ui/announce';
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
  /** Puts them into this order. */
  onArrange(clientIds: readonly string[]): Promise<void>;
  /** Stops the running reply for this one; resolves to false when its turn has begun. */
  onSendNow(clientId: string): Promise<boolean>;
}

/** The queued messages in their order, on top of the composer. */
export function QueuedMessages({ messages, busy, held, onResume, onDiscard, onUnqueue, onArrange, onSendNow }: Props) {
  if (messages.length === 0) return null;
  const count = messages.filter(({ error }) => !error).length;
  const movable = messages.filter(({ sending }) => !sending).map(({ clientId }) => clientId);

  /** One place up; the first goes down. */
  function move(clientId: string) {
    const from = movable.indexOf(clientId);
    const to = from === 0 ? 1 : from - 1;
    const order = movable.filter((id) => id !== clientId);
    order.splice(to, 0, clientId);
    announce(strings.queue.moved(formatCount(to + 1), formatCount(order.length)));
    return onArrange(order);
  }

  async function sendNow(clientId: string) {
    if (!(await onSendNow(clientId))) toast(strings.queue.tooLate);
  }

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
          <Row
            key={message.clientId}
            message={message}
            place={movable.length > 1 ? movable.indexOf(message.clientId) : null}
            onUnqueue={onUnqueue}
            onMove={move}
            onSendNow={sendNow}
          />
        ))}
      </ol>
    </section>
  );
}

const HELD_BUTTON =
  'h-9 shrink-0 rounded-control px-3 font-semibold text-ink hover:bg-line pointer-coarse:h-11';

interface RowProps {
  message: QueuedMessage;
  /** Among those that can be moved; null where there is no other. */
  place: number | null;
  onUnqueue: Props['onUnqueue'];
  onMove(clientId: string): Promise<void>;
  onSendNow(clientId: string): Promise<void>;
}

function Row({ message, place, onUnqueue, onMove, onSendNow }: RowProps) {
  const { clientId, content, attachments = [], sending, error } = message;
  const [working, setWorking] = useState(false);
  const Icon = error ? CircleAlert : Clock3;

  function run(work: Props['onUnqueue']) {
    setWorking(true);
    work(clientId)
      .catch(() => toast(strings.errors.unreachable))
      .finally(() => setWorking(false));
  }

  return (
    <li className="flex min-h-11 items-center ps-3.5 pe-1 text-sm">
      <Icon className={`me-2.5 size-4 shrink-0 ${error ? 'text-danger' : 'text-ink-muted'}`} strokeWidth={1.75} aria-hidden />
      <div className="me-1 min-w-0 flex-1 py-1">
        <p className={`truncate ${sending || working ? 'text-ink-muted' : ''}`} dir="auto" data-tip={content.slice(0, 300)}>
          {attachments.length > 0 && <Paperclip className="me-1.5 inline size-3.5 text-ink-muted" strokeWidth={1.75} aria-hidden />}
          <Literal text={content === '' ? attachments.map(({ name }) => name).join(', ') : content} />
        </p>
        {error && (
          <p role="alert" className="text-xs break-words text-danger">
            {strings.queue.refused(withoutField(errorWords(error)))}
          </p>
        )}
      </div>
      {place !== null && !sending && (
        <RowButton
          icon={place === 0 ? ArrowDown : ArrowUp}
          label={place === 0 ? strings.queue.down : strings.queue.up}
          onClick={() => run(onMove)}
        />
      )}
      {!sending && !error && (
        <RowButton icon={SendHorizontal} label={strings.queue.now} disabled={working} onClick={() => run(onSendNow)} />
      )}
      <RowButton icon={Pencil} label={strings.queue.edit} disabled={working} onClick={() => run(onUnqueue)} />
    </li>
  );
}

interface RowButtonProps {
  icon: LucideIcon;
  label: string;
  disabled?: boolean;
  onClick(): void;
}

function RowButton({ icon: Icon, label, disabled = false, onClick }: RowButtonProps) {
  return (
    <button
      type="button"
      aria-label={label}
      data-tip={label}
      disabled={disabled}
      onClick={onClick}
      className="grid size-9 shrink-0 place-items-center rounded-control text-ink-muted enabled:hover:bg-line enabled:hover:text-ink disabled:opacity-40 pointer-coarse:size-11"
    >
      <Icon className="size-4" strokeWidth={1.75} aria-hidden />
    </button>
  );
}
