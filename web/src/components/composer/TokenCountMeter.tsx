import { TriangleAlert } from 'lucide-react';
import { estimateTokens, formatCount, formatShare } from '../../format';
import type { ThreadMessage } from '../../session/thread';
import type { Tokens } from '../../protocol';
import { strings } from '../../strings';
import { isRunning, messageReasoning, messageText } from '../../session/messageText';

interface Props {
  messages: ThreadMessage[];
  draft: string;
  /** The longest reply asked for, in tokens. */
  maxTokens: number;
  /** The model's window in tokens, when known. */
  window: number | null;
}

/** How much the last turn took and how much of the model's window the next one will. */
export function TokenCountMeter({ messages, draft, maxTokens, window }: Props) {
  const tokens = lastTokens(messages);
  const next = (tokens?.total ?? 0) + estimateTokens(draft.length);
  const size = window ?? lastWindow(messages);
  const tooLong = size !== null && draft !== '' && estimateTokens(draft.length) + maxTokens > size;
  const drops = size !== null && draft !== '' && next + maxTokens > size;
  if (tooLong || drops) {
    return (
      <p role="status" className="ms-auto flex min-w-0 items-center gap-1.5 text-warning">
        <TriangleAlert className="size-3.5 shrink-0" aria-hidden />
        {tooLong ? strings.meter.tooLong : strings.meter.willDrop}
      </p>
    );
  }
  return (
    <p aria-label={strings.meter.name} role="group" className="ms-auto max-w-full shrink-0 truncate text-end tabular-nums">
      {tokens ? describe(tokens) : draft !== '' && strings.meter.draft(formatCount(estimateTokens(draft.length)))}
      {tokens && size !== null && (
        <span className="max-sm:hidden"> · {strings.meter.window(formatShare(Math.min(1, next / size)))}</span>
      )}
    </p>
  );
}

function describe({ prompt, completion, total, source }: Tokens): string {
  const { meter } = strings;
  const counts = `${meter.prompt} ${formatCount(prompt)} · ${meter.completion} ${formatCount(completion)} · ${meter.total} ${formatCount(total)}`;
  return source === 'estimated' ? `≈ ${counts}` : counts;
}

/** The last reply's count; while it is being written, an estimate from its length. */
function lastTokens(messages: ThreadMessage[]): Tokens | null {
  const reply = messages.findLast(
    (message) => message.role === 'assistant' && message.metadata?.tokens?.total !== 0,
  );
  if (!reply) return null;
  if (!isRunning(reply)) return reply.metadata?.tokens ?? null;
  const prompt = reply.metadata?.context?.prompt_tokens ?? promptEstimate(messages, reply);
  const completion = estimateTokens(messageText(reply).length + messageReasoning(reply).length);
  return { prompt, completion, total: prompt + completion, source: 'estimated' };
}

function promptEstimate(messages: ThreadMessage[], reply: ThreadMessage): number {
  let characters = 0;
  for (const message of messages) if (message !== reply) characters += messageText(message).length;
  return estimateTokens(characters);
}

function lastWindow(messages: ThreadMessage[]): number | null {
  return messages.findLast((message) => message.metadata?.context)?.metadata?.context?.window ?? null;
}
