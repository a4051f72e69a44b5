import { Pencil } from 'lucide-react';
import { use } from 'react';
import { strings } from '../../strings';
import type { ConnectionMode } from '../../transport/types';
import { Actions } from './actions';
import { CopyButton } from '../ui/CopyButton';
import { Literal } from '../ui/Literal';
import { InlineError } from '../ui/InlineError';
import { MessageEditor } from './MessageEditor';
import { MessageTime } from './MessageMeta';
import type { MessageProps } from './messageProps';
import { messageText } from '../../session/messageText';
import { SmallButton } from '../ui/SmallButton';
import { VersionSwitch } from './VersionSwitch';

/** What the person wrote, shown literally. */
export function UserMessage({ message, onRetry, mode }: MessageProps) {
  const text = messageText(message);
  const { status, created_at, error } = message.metadata ?? {};
  const actions = use(Actions);
  if (actions?.editing === message.id) {
    return (
      <article aria-label={strings.thread.you}>
        <MessageEditor
          text={text}
          busy={actions.busy}
          onSend={(content) => actions.edit(message.id, content)}
          onCancel={actions.endEdit}
        />
      </article>
    );
  }
  return (
    <article aria-label={strings.thread.you} className="group flex flex-col items-end">
      <p
        className="max-w-[min(100%,36rem)] rounded-card rounded-ee-md bg-primary-soft px-4 py-2.5 break-words whitespace-pre-wrap print:border print:border-line forced-colors:border"
        dir="auto"
      >
        <Literal text={text} />
      </p>
      <div className="flex print:hidden h-8 items-center gap-1 text-xs text-ink-muted pointer-coarse:h-11">
        {status === 'sending' ? (
          <span className="pe-1">{sendingWords(mode)}</span>
        ) : (
          <>
            <div className="reveal flex items-center gap-1 pointer-coarse:gap-3">
              {created_at && <MessageTime iso={created_at} />}
              <CopyButton text={text} label={strings.copy.message} />
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

/** Over REST the response is the whole reply: until it arrives, its phase is unknown. */
function sendingWords(mode: ConnectionMode): string {
  if (mode === 'rest') return '';
  return mode === 'offline' ? strings.thread.waitingForNetwork : strings.thread.sending;
}
