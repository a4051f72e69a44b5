import { ArrowDownToLine, CircleStop, History, RotateCcw, Shuffle, Unplug } from 'lucide-react';
import type { LucideIcon } from 'lucide-react';
import type { ReactNode } from 'react';
import { formatCount } from '../../format';
import { isWindowFull, type MessageMetadata } from '../../session/thread';
import type { ContextInfo } from '../../protocol';
import { errorWords } from '../../errorWords';
import { providerName } from '../../state/models';
import { strings } from '../../strings';
import { InlineError, RetryButton } from '../ui/InlineError';

/** Tells how many earlier messages were left out of the prompt. */
export function ContextNote({ context }: { context: ContextInfo | undefined }) {
  if (!context || context.dropped_messages === 0) return null;
  return (
    <p className="mb-3 flex items-start gap-2 border-b border-line pb-2 text-xs text-ink-muted">
      <History className="mt-0.5 size-3.5 shrink-0" aria-hidden />
      {strings.reply.contextNote(context.dropped_messages, formatCount(context.window))}
    </p>
  );
}

interface EndingProps {
  metadata: MessageMetadata;
  /** The reply has no text. */
  empty: boolean;
  /** The next message goes on with it. */
  goesOn?: boolean;
  onRetry: (() => void) | undefined;
  onContinue?: (() => void) | undefined;
  /** The reply has reasoning. */
  thought?: boolean;
  /** Allows more tokens and tries again. */
  onRaise?: (() => void) | undefined;
  /** Beside "Try again" of a failed reply. */
  otherModel?: ReactNode;
}

/** How the reply ended, where that is worth saying. */
export function ReplyEnding({ metadata, empty, goesOn = false, onRetry, onContinue, thought = false, onRaise, otherModel }: EndingProps) {
  const { status, error, provider_used, fallback_used } = metadata;
  if (status === 'failed') {
    return (
      <InlineError
        message={error ? errorWords(error) : strings.reply.failed}
        code={error?.code}
        detail={error?.detail}
        provider={provider_used && providerName(provider_used)}
        onRetry={onRetry}
      >
        {otherModel}
      </InlineError>
    );
  }
  const ways = { onRetry, onContinue };
  const fallback = fallback_used && <Note icon={Shuffle} text={fallbackWords(metadata)} />;
  if (goesOn) return fallback;
  return (
    <>
      {status === 'stopped' && <Note icon={CircleStop} text={strings.reply.stopped} {...ways} />}
      {status === 'interrupted' && (
        <Note icon={Unplug} text={(error && errorWords(error)) || strings.reply.interrupted} {...ways} />
      )}
      {status === 'completed' && <CompletedNote {...{ metadata, empty, thought, onRetry, onContinue, onRaise }} />}
      {fallback}
    </>
  );
}

/** Who failed and why, and who answered instead. */
function fallbackWords({ context, provider_used }: MessageMetadata): string {
  const failed = (context?.failed ?? []).map(({ provider, code }) => strings.reply.providerFailed(providerName(provider), code));
  return [...(failed.length > 0 ? failed : [strings.reply.firstFailed]), strings.reply.answeredBy(providerName(provider_used ?? '?'))].join(' ');
}

/** One note about a reply that ended by itself: that it was cut, that it is empty, or nothing. */
function CompletedNote({ metadata, empty, thought, onRetry, onContinue, onRaise }: EndingProps) {
  const isCut = metadata.finish_reason === 'length';
  if (isCut && empty && thought && !isWindowFull(metadata)) {
    const { tokens } = metadata;
    const words = strings.reply.onlyReasoning(tokens ? formatCount(tokens.completion) : null);
    return <Note text={words} onRaise={onRaise} />;
  }
  if (isCut) return <Note text={cutWords(metadata)} onContinue={onContinue} onRetry={empty ? onRetry : undefined} />;
  return empty && <Note text={strings.reply.empty} onRetry={onRetry} />;
}

/** Why a reply was cut: by its own limit, or because prompt and reply fill the context. */
function cutWords(metadata: MessageMetadata): string {
  const { context } = metadata;
  return context && isWindowFull(metadata) ? strings.reply.windowFull(formatCount(context.window)) : strings.reply.cut;
}

interface NoteProps {
  icon?: LucideIcon;
  text: ReactNode;
  onRetry?: (() => void) | undefined;
  onContinue?: (() => void) | undefined;
  onRaise?: (() => void) | undefined;
}

function Note({ icon: Icon, text, onRetry, onContinue, onRaise }: NoteProps) {
  return (
    <div className="mt-3 flex flex-wrap items-center gap-x-3 gap-y-1.5 text-sm text-ink-muted">
      <p className="inline-flex items-center gap-2 rounded-control bg-sunken px-3 py-1.5">
        {Icon && <Icon className="size-4 shrink-0" aria-hidden />}
        {text}
      </p>
      {onContinue && (
        <button type="button" className="button button-quiet" onClick={onContinue}>
          <ArrowDownToLine className="size-4" aria-hidden />
          {strings.reply.goOn}
        </button>
      )}
      {onRaise && (
        <button type="button" className="button button-quiet" onClick={onRaise}>
          <RotateCcw className="size-4" aria-hidden />
          {strings.reply.raise}
        </button>
      )}
      {onRetry && <RetryButton onRetry={onRetry} />}
    </div>
  );
}
