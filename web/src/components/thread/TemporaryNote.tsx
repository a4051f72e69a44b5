import { MessageCircleDashed } from 'lucide-react';
import type { Conversation } from '../../protocol';
import { strings } from '../../strings';
import { useActions } from '../sidebar/useActions';

/** Tells that nothing of this conversation is kept, and the way to keep it after all. */
export function TemporaryNote({ row }: { row: Conversation }) {
  const { duplicate } = useActions();
  return (
    <aside aria-label={strings.temporary.mark} className="mx-auto w-full max-w-column px-3 pt-3 md:px-4 print:hidden">
      <div className="flex flex-wrap items-center gap-x-3 rounded-card border border-dashed border-line-strong px-4 py-1.5 text-sm text-ink-muted">
        <MessageCircleDashed className="size-4.5 shrink-0 text-primary" strokeWidth={1.75} aria-hidden />
        <p className="min-w-0 flex-1 basis-64">{strings.temporary.note}</p>
        <button type="button" className="link min-h-9 font-medium pointer-coarse:min-h-11" onClick={() => duplicate(row)}>
          {strings.temporary.keep}
        </button>
      </div>
    </aside>
  );
}
