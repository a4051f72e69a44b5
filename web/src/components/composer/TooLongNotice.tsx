import { Pencil } from 'lucide-react';
import type { ThreadMessage } from '../../session/thread';
import { strings } from '../../strings';

/** The last message was longer than the model can read: asking again cannot help, a shorter one can. */
export function TooLongNotice({ messages, onEdit }: { messages: ThreadMessage[]; onEdit(): void }) {
  const last = messages.at(-1)?.metadata;
  if (last?.status !== 'failed' || last.error?.code !== 'context_length_exceeded') return null;
  return (
    <div className="mb-1.5 flex flex-wrap items-center gap-x-3 gap-y-1.5 px-3 text-sm">
      <p className="text-ink-muted">{strings.composer.shorten}</p>
      <button type="button" className="button button-quiet" onClick={onEdit}>
        <Pencil className="size-4" aria-hidden />
        {strings.edit.open}
      </button>
    </div>
  );
}
