import { Suspense, useState, type ReactNode } from 'react';
import type { MessageMetadata, ThreadMessage } from '../hooks/thread';
import { LazyMarkdown } from '../markdown/load';
import { strings } from '../strings';
import { Mark } from './Brand';
import { CopyButton } from './CopyButton';
import type { MessageProps } from './Message';
import { MessageMeta } from './MessageMeta';
import { isRunning, messageReasoning, messageText } from './messageText';
import { ContextNote, ReplyEnding } from './ReplyNotes';
import { ReasoningFold } from './ReasoningFold';
import { StreamingIndicator } from './StreamingIndicator';

/** A reply: reasoning, text, how it ended, and one line below that keeps its height throughout. */
export function AssistantMessage({ message: latest, onRetry }: MessageProps) {
  const message = useSteady(latest);
  const metadata = message.metadata ?? {};
  const text = messageText(message);
  const reasoning = messageReasoning(message);
  const running = isRunning(message);
  if (running && text === '' && reasoning === '') return <PendingReply metadata={metadata} />;
  return (
    <ReplyFrame running={running}>
      <ContextNote context={metadata.context} />
      {reasoning !== '' && <ReasoningFold text={reasoning} thinking={running && text === ''} />}
      {text !== '' && (
        <Suspense fallback={<PlainReply text={text} />}>
          <LazyMarkdown text={text} streaming={running} />
        </Suspense>
      )}
      {!running && (
        <ReplyEnding metadata={metadata} empty={text === ''} onRetry={onRetry && (() => onRetry(message.id))} />
      )}
      <div className="flex h-9 items-center gap-2 text-xs text-ink-muted">
        {!running && <Footer metadata={metadata} text={text} />}
      </div>
    </ReplyFrame>
  );
}

/**
 * After a reload, a running reply is told anew from its beginning, and for a moment holds nothing.
 * What was shown stays until there is something again.
 */
function useSteady(latest: ThreadMessage): ThreadMessage {
  const [shown, setShown] = useState(latest);
  if (shown === latest || (isRunning(latest) && isBlank(latest) && !isBlank(shown))) return shown;
  setShown(latest);
  return latest;
}

function isBlank(message: ThreadMessage): boolean {
  return messageText(message) === '' && messageReasoning(message) === '';
}

/** The reply that has been asked for and of which nothing can be read yet. */
export function PendingReply({ metadata }: { metadata: MessageMetadata }) {
  return (
    <ReplyFrame running>
      <ContextNote context={metadata.context} />
      <StreamingIndicator metadata={metadata} />
    </ReplyFrame>
  );
}

/**
 * The mark breathes while a reply is being made, and on wide screens stays in view with it.
 * Nothing else moves: an indicator at the end of growing text would jump with every line.
 */
function ReplyFrame({ running, children }: { running: boolean; children: ReactNode }) {
  return (
    <article aria-label={strings.thread.assistant} className="group md:flex md:items-start md:gap-4">
      <div className="mb-1 w-fit shrink-0 md:sticky md:top-4">
        <Mark className={`size-7 ${running ? 'animate-breathe' : ''}`} />
        {running && <span className="sr-only">{strings.thread.answering}</span>}
      </div>
      <div className="min-w-0 flex-1 md:pt-0.5">{children}</div>
    </article>
  );
}

function PlainReply({ text }: { text: string }) {
  return (
    <p className="break-words whitespace-pre-wrap" dir="auto">
      {text}
    </p>
  );
}

function Footer({ metadata, text }: { metadata: MessageMetadata; text: string }) {
  return (
    <>
      {text !== '' && (
        <div className="-ms-2">
          <CopyButton text={text} label={strings.copy.message} />
        </div>
      )}
      <div className="reveal min-w-0">
        <MessageMeta metadata={metadata} />
      </div>
    </>
  );
}
