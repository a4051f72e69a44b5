import { strings } from '../strings';
import type { ConnectionMode } from '../transport/types';
import { CopyButton } from './CopyButton';
import { InlineError } from './InlineError';
import { MessageTime } from './MessageMeta';
import type { MessageProps } from './Message';
import { messageText } from './messageText';

/** What the person wrote, shown literally. */
export function UserMessage({ message, onRetry, mode }: MessageProps) {
  const text = messageText(message);
  const { status, createdAt, error } = message.metadata ?? {};
  return (
    <article aria-label={strings.thread.you} className="group flex flex-col items-end">
      <p
        className="max-w-[min(100%,36rem)] rounded-card rounded-ee-md bg-primary-soft px-4 py-2.5 break-words whitespace-pre-wrap"
        dir="auto"
      >
        {text}
      </p>
      <div className="flex h-8 items-center gap-1 text-xs text-ink-muted">
        {status === 'sending' ? (
          <span className="pe-1">{sendingWords(mode)}</span>
        ) : (
          <div className="reveal flex items-center gap-1">
            {createdAt && <MessageTime iso={createdAt} />}
            <CopyButton text={text} label={strings.copy.message} />
          </div>
        )}
      </div>
      {status === 'failed' && (
        <div className="w-full">
          <InlineError
            message={error?.message ?? strings.composer.refused}
            code={error?.code}
            onRetry={onRetry && (() => onRetry(message.id))}
          />
        </div>
      )}
    </article>
  );
}

/** Over REST the answer to the message is the whole reply: until then nobody knows more. */
function sendingWords(mode: ConnectionMode): string {
  if (mode === 'rest') return '';
  return mode === 'offline' ? strings.thread.waitingForNetwork : strings.thread.sending;
}
