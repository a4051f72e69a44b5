import { useEffect, useState } from 'react';
import { formatCount } from '../../format';
import type { MessageMetadata, ThreadMessage } from '../../session/thread';
import { strings } from '../../strings';
import { messageReasoning, messageText } from '../../session/messageText';

/** A phase shorter than this needs no clock, in seconds. */
const CLOCK_FROM_S = 3;
/** A model that has sent nothing for this long is reported, in seconds. */
const SILENT_FROM_S = 60;

/** The phase of the reply in words, until there is text. */
export function StreamingIndicator({ metadata }: { metadata: MessageMetadata }) {
  const seconds = useSeconds(metadata.since);
  return (
    <p className="flex h-9 items-center gap-2 text-sm md:h-6 text-ink-muted">
      <span>{phaseWords(metadata, 'nothing')}</span>
      {seconds >= CLOCK_FROM_S && (
        <span className="tabular-nums" aria-hidden>
          {strings.phase.seconds(formatCount(seconds))}
        </span>
      )}
    </p>
  );
}

/** The same in the composer's foot, for as long as the reply runs. */
export function Activity({ messages }: { messages: ThreadMessage[] }) {
  const last = messages.at(-1);
  const reply = last?.role === 'assistant' ? last : undefined;
  const has = !reply ? 'nothing' : messageText(reply) ? 'text' : messageReasoning(reply) ? 'reasoning' : 'nothing';
  return (
    <>
      {phaseWords(last?.metadata ?? {}, has)} · {strings.composer.escape}
    </>
  );
}

/** @param has what the reply holds so far */
export function phaseWords(
  { status, phase, position, viaRest }: MessageMetadata,
  has: 'nothing' | 'reasoning' | 'text',
): string {
  if (status === 'stopping' || phase === 'stopping') return strings.phase.stopping;
  if (has === 'text') return strings.phase.writing;
  if (has === 'reasoning') return strings.phase.thinking;
  if (phase === 'queued') {
    return position ? strings.phase.queuedAt(formatCount(position)) : strings.phase.queued;
  }
  if (phase === 'loading' || phase === 'prompt_eval') return strings.phase[phase];
  if (viaRest) return strings.phase.whole;
  return phase === 'generating' ? strings.phase.thinking : strings.phase.sending;
}

/**
 * For how long nothing has come of a running reply, once that is long: some models hold back a tool
 * call until it is complete, which takes minutes on a slow machine. Waiting in a queue, or for a
 * model to load, is no silence.
 *
 * @param progress changes with everything that comes
 */
export function SilenceNote({ metadata, progress }: { metadata: MessageMetadata; progress: number }) {
  const { status, phase } = metadata;
  const waits = phase === 'queued' || phase === 'loading' || phase === 'stopping' || status === 'stopping';
  return waits ? null : <Silence key={`${phase} ${progress}`} />;
}

/** Counts from the moment it is mounted. */
function Silence() {
  const [since] = useState(() => new Date().toISOString());
  const seconds = useSeconds(since);
  if (seconds < SILENT_FROM_S) return null;
  return <p className="mt-2 text-sm text-ink-muted tabular-nums">{strings.phase.silent(formatCount(seconds))}</p>;
}

/** Whole seconds since `since`; 0 without it. */
function useSeconds(since: string | undefined): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    if (!since) return;
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, [since]);
  return since ? Math.max(0, Math.floor((now - Date.parse(since)) / 1000)) : 0;
}
