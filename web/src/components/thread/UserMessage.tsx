import { Pencil } from 'lucide-react';
import { use, useState, type CSSProperties } from 'react';
import { strings } from '../../strings';
import type { ConnectionMode } from '../../transport/types';
import { Actions } from './actions';
import { CopyButton } from '../ui/CopyButton';
import { MessageFiles } from '../files/MessageFiles';
import { Literal } from '../ui/Literal';
import { InlineError } from '../ui/InlineError';
import { MessageEditor } from './MessageEditor';
import { MessageTime } from './MessageMeta';
import type { MessageProps } from './messageProps';
import { MessageTools } from './MessageTools';
import { messageText } from '../../session/messageText';
import { SmallButton } from '../ui/SmallButton';
import { VersionSwitch } from './VersionSwitch';

/** What the person wrote, shown literally. */
export function UserMessage({ message, onRetry, mode }: MessageProps) {
  const text = messageText(message);
  const { status, created_at, error, attachments = [] } = message.metadata ?? {};
  const actions = use(Actions);
  if (actions?.editing === message.id) {
    return (
      <article aria-label={strings.thread.you}>
        <MessageEditor
          text={text}
          files={attachments}
          busy={actions.busy}
          onSend={(edited) => actions.edit(message.id, edited)}
          onCancel={actions.endEdit}
        />
      </article>
    );
  }
  return (
    <article aria-label={strings.thread.you} className="group flex flex-col items-end">
      {attachments.length > 0 && <MessageFiles files={attachments} />}
      {(text !== '' || attachments.length === 0) && <Bubble text={text} />}
      <div className="flex print:hidden h-8 items-center gap-1 text-xs text-ink-muted pointer-coarse:h-11">
        {status === 'sending' ? (
          <span className="pe-1">{sendingWords(mode)}</span>
        ) : (
          <>
            <div className="reveal flex items-center gap-1 pointer-coarse:gap-3">
              {created_at && <MessageTime iso={created_at} />}
              {text !== '' && <CopyButton text={text} label={strings.copy.message} />}
              {actions && status === 'completed' && (
                <SmallButton
                  icon={Pencil}
                  label={strings.edit.open}
                  data-keeps-place
                  data-edit={message.id}
                  disabled={actions.busy}
                  onClick={() => actions.startEdit(message.id)}
                />
              )}
              {status === 'completed' && <MessageTools message={message} />}
            </div>
            <VersionSwitch message={message} />
          </>
        )}
      </div>
      {status === 'failed' && (
        <div className="w-full">
          <InlineError
            message={error?.message ?? strings.composer.refused}
            code={error?.code}
            detail={error?.detail}
            onRetry={onRetry && (() => onRetry(message.id))}
          />
        </div>
      )}
    </article>
  );
}

/** More lines than these are folded, to so many. */
const LONGEST = 16;
const FOLDED = 12;
/** About so many characters are a line. */
const LINE = 56;

function Bubble({ text }: { text: string }) {
  const [unfolded, setUnfolded] = useState(false);
  const isLong = linesOf(text) > LONGEST;
  return (
    <div className="flex max-w-[min(100%,36rem)] flex-col items-start rounded-card rounded-ee-md bg-primary-soft px-4 py-2.5 print:border print:border-line forced-colors:border">
      <p
        className={`max-w-full break-words whitespace-pre-wrap ${isLong && !unfolded ? 'fold-lines' : ''}`}
        style={{ '--lines': FOLDED } as CSSProperties}
        dir="auto"
        data-said
      >
        <Literal text={text} />
      </p>
      {isLong && (
        <button
          type="button"
          data-keeps-place
          aria-expanded={unfolded}
          className="-ms-2 mt-1 min-h-9 rounded-control px-2 text-sm font-medium text-primary hover:underline pointer-coarse:min-h-11 print:hidden"
          onClick={() => setUnfolded(!unfolded)}
        >
          {unfolded ? strings.thread.showLess : strings.thread.showMore}
        </button>
      )}
    </div>
  );
}

function linesOf(text: string): number {
  let lines = 0;
  for (const line of text.split('\n', LONGEST + 1)) lines += Math.max(1, Math.ceil(line.length / LINE));
  return lines;
}

/** Over REST the response is the whole reply: until it arrives, its phase is unknown. */
function sendingWords(mode: ConnectionMode): string {
  if (mode === 'rest') return '';
  return mode === 'offline' ? strings.thread.waitingForNetwork : strings.thread.sending;
}
