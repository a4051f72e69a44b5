import { Suspense, use, useState, type ReactNode } from 'react';
import type { MessageMetadata, ThreadMessage } from '../../session/thread';
import { LazyMarkdown } from '../markdown/load';
import { strings } from '../../strings';
import { Actions } from './actions';
import { FilesNote } from '../files/FilesNote';
import { Mark } from '../ui/Brand';
import { OtherModelButton, otherModelHelps } from '../models/OtherModelButton';
import { missingModel, PullMissing } from '../models/PullModel';
import { CopyButton } from '../ui/CopyButton';
import type { MessageProps } from './messageProps';
import { LeftOutNote } from './LeftOutNote';
import { MessageDetails } from './MessageDetails';
import { MessageMeta } from './MessageMeta';
import { MessageTools } from './MessageTools';
import { isRunning, messageReasoning, messageText } from '../../session/messageText';
import { ContextNote, ReplyEnding } from './ReplyNotes';
import { ReasoningFold } from './ReasoningFold';
import { RegenerateButton } from './RegenerateButton';
import { SilenceNote, StreamingIndicator } from './StreamingIndicator';
import { ToolCalls } from './ToolCalls';
import { VersionSwitch } from './VersionSwitch';

/** A reply: reasoning, text, how it ended, and one line below that keeps its height throughout. */
export function AssistantMessage({ message: latest, onRetry, goesOn = false, continues = false }: MessageProps) {
  const message = useSteady(latest);
  const metadata = message.metadata ?? {};
  const text = messageText(message);
  const reasoning = messageReasoning(message);
  const running = isRunning(message);
  const goOn = useGoOn(message, onRetry !== undefined && text !== '');
  const actions = use(Actions);
  const other = actions && onRetry && otherModelHelps(metadata.error?.code, metadata.model, actions.models) ? actions : null;
  const missing = missingModel(metadata.error?.code, metadata.model);
  const raise = actions && onRetry ? () => actions.raise(message.id) : undefined;
  if (running && text === '' && reasoning === '') return <PendingReply metadata={metadata} continues={continues} />;
  return (
    <ReplyFrame running={running} continues={continues}>
      <ContextNote context={metadata.context} />
      <FilesNote files={metadata.context?.files} />
      {reasoning !== '' && (
        <ReasoningFold text={reasoning} thinking={running && text === ''} thoughtFor={metadata.timings?.thought_s} />
      )}
      {text !== '' && (
        // No raw markup is shown: until the renderer has loaded, the reply counts as empty.
        <Suspense
          fallback={
            <div aria-busy>
              <StreamingIndicator metadata={metadata} />
            </div>
          }
        >
          <LazyMarkdown text={text} streaming={running} />
        </Suspense>
      )}
      {running && <SilenceNote metadata={metadata} progress={text.length + reasoning.length} />}
      {!running && (
        <ReplyEnding
          metadata={metadata}
          empty={text === '' && !metadata.tool_calls?.length}
          goesOn={goesOn}
          onRetry={onRetry && (() => onRetry(message.id))}
          onContinue={goOn}
          thought={reasoning !== ''}
          onRaise={raise}
          otherModel={
            <>
              {other && (
                <OtherModelButton
                  models={other.models}
                  failed={metadata.model ?? null}
                  onPick={(model) => other.retryWith(message.id, model)}
                />
              )}
              {missing && <PullMissing connection={metadata.provider_used ?? ''} model={missing} />}
            </>
          }
        />
      )}
      {!running && <ToolCalls message={message} />}
      {!running && <LeftOutNote metadata={metadata} />}
      <div className="flex print:hidden min-h-9 flex-wrap items-center gap-x-2 text-xs text-ink-muted pointer-coarse:min-h-11">
        {!running && <Footer message={message} text={text} canRetry={onRetry !== undefined} hasOther={other !== null} />}
      </div>
    </ReplyFrame>
  );
}

/** How to go on with a reply that was cut, where that is possible. */
function useGoOn({ id, metadata }: ThreadMessage, last: boolean): (() => void) | undefined {
  const actions = use(Actions);
  const cut =
    metadata?.finish_reason === 'length' || metadata?.status === 'stopped' || metadata?.status === 'interrupted';
  // An unreachable reply may still run: "Try again" finds out.
  if (!actions || !last || !cut || metadata?.error?.code === 'unreachable') return undefined;
  return () => actions.goOn(id);
}

/**
 * After a reload, a running reply streams again from its beginning, and is empty for a moment.
 * The last text stays visible until there is some again.
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
export function PendingReply({ metadata, continues = false }: { metadata: MessageMetadata; continues?: boolean }) {
  return (
    <ReplyFrame running continues={continues}>
      <ContextNote context={metadata.context} />
      <StreamingIndicator metadata={metadata} />
      <SilenceNote metadata={metadata} progress={0} />
    </ReplyFrame>
  );
}

/**
 * The mark breathes while a reply is being made, and on wide screens stays in view with it.
 * Nothing else moves: an indicator at the end of growing text would jump with every line.
 */
interface FrameProps {
  running: boolean;
  /** One text with the reply above it: no mark of its own, and no gap. */
  continues: boolean;
  children: ReactNode;
}

function ReplyFrame({ running, continues, children }: FrameProps) {
  return (
    <article aria-label={strings.thread.assistant} className={`group md:flex md:items-start md:gap-4 ${continues ? '-mt-4' : ''}`}>
      <div className="mb-1 w-fit shrink-0 md:sticky md:top-4">
        {continues ? <div className="md:w-7" /> : <Mark className={`size-7 ${running ? 'animate-breathe' : ''}`} />}
        {running && <span className="sr-only">{strings.thread.answering}</span>}
      </div>
      <div className="min-w-0 flex-1 md:pt-0.5">{children}</div>
    </article>
  );
}

interface FooterProps {
  message: ThreadMessage;
  text: string;
  canRetry: boolean;
  /** The failure above offers another model. */
  hasOther: boolean;
}

function Footer({ message, text, canRetry, hasOther }: FooterProps) {
  const metadata = message.metadata ?? {};
  return (
    <>
      <div className="-ms-2 flex flex-wrap items-center pointer-coarse:min-[30rem]:gap-x-3">
        <VersionSwitch message={message} />
        {text !== '' && <CopyButton text={text} label={strings.copy.message} />}
        {/* A failed reply has “Try again” above. */}
        {!hasOther && (
          <RegenerateButton id={message.id} model={metadata.model} others={canRetry && metadata.status === 'failed'} />
        )}
        <MessageDetails message={message} />
        <MessageTools message={message} />
      </div>
      <MessageMeta metadata={metadata} />
    </>
  );
}
