import { TriangleAlert } from 'lucide-react';
import type { ReactNode } from 'react';
import { estimateTokens, formatCount, formatShare } from '../../format';
import { isRunning, messageReasoning, messageText } from '../../session/messageText';
import type { ThreadMessage } from '../../session/thread';
import type { Tokens } from '../../protocol';
import { sameModel } from '../../state/models';
import { strings } from '../../strings';
import { fileStrings } from '../../strings/files';
import { speedWords } from '../thread/speed';
import { Popup, usePopupAnchor } from '../ui/Popup';
import { Ring } from '../ui/Ring';

interface Props {
  messages: ThreadMessage[];
  draft: string;
  /** Tokens of the files beside the draft. */
  fileTokens?: number;
  /** The longest reply asked for, in tokens. */
  maxTokens: number;
  /** The id of the model that answers next, and its window in tokens, when known. */
  model: string | null;
  window: number | null;
}

/** From this share on, the window is as good as full. */
const NEARLY_FULL = 0.8;

/** How much the last turn took and how much of the model's window the next one will. */
export function TokenCountMeter({ messages, draft, fileTokens = 0, maxTokens, model, window }: Props) {
  const { anchor, opener, close } = usePopupAnchor();
  const tokens = lastTokens(messages);
  const size = lastWindow(messages, model) ?? window;
  const draftTokens = estimateTokens(draft.length) + fileTokens;
  const next = (tokens?.total ?? 0) + draftTokens;
  const share = size === null ? null : Math.min(1, next / size);
  const warning = size === null || draftTokens === 0 ? null : warn(draftTokens, fileTokens, next + maxTokens, size, tokens !== null);
  if (warning) {
    return (
      <p role="status" className="ms-auto flex min-w-0 items-center gap-1.5 text-warning">
        <TriangleAlert className="size-3.5 shrink-0" aria-hidden />
        {/* Beside a model's name a phone has room for half of it. */}
        <span className="min-w-0 truncate pointer-coarse:line-clamp-2 pointer-coarse:whitespace-normal" data-tip={warning}>
          {warning}
        </span>
      </p>
    );
  }
  if (!tokens) {
    return draftTokens === 0 ? null : (
      <p className="ms-auto shrink-0 tabular-nums">{strings.meter.draft(formatCount(draftTokens))}</p>
    );
  }
  const shareWords = share === null ? '' : formatShare(share);
  return (
    <div aria-label={strings.meter.name} role="group" className="ms-auto min-w-0">
      <button
        type="button"
        {...opener}
        className="flex h-7 max-w-full items-center gap-2 rounded-control px-1.5 tabular-nums hover:bg-sunken hover:text-ink aria-expanded:bg-sunken pointer-coarse:h-11"
      >
        <Counts tokens={tokens} share={shareWords} />
        {share !== null && (
          <Ring share={share} width={4.5} className="size-3.5" color={share < NEARLY_FULL ? undefined : 'stroke-warning'} />
        )}
      </button>
      {anchor && (
        <Popup label={strings.meter.title} anchor={anchor} onClose={close} className="w-72">
          <Details tokens={tokens} messages={messages} size={size} share={shareWords} />
        </Popup>
      )}
    </div>
  );
}

/** Why the next message cannot be read whole; null when it can. */
function warn(draft: number, files: number, needed: number, size: number, hasHistory: boolean): string | null {
  if (draft - files > size) return strings.meter.tooLong(formatCount(size));
  if (draft > size) return fileStrings.inPart;
  if (needed <= size) return null;
  return hasHistory ? strings.meter.willDrop : strings.meter.shortReply;
}

function Counts({ tokens: { prompt, completion, total, source }, share }: { tokens: Tokens; share: string }) {
  const { meter } = strings;
  return (
    <span className="min-w-0 truncate">
      {source === 'estimated' && '≈ '}
      <span className="@max-[40rem]:sr-only">
        {meter.prompt} {formatCount(prompt)} · {meter.completion} {formatCount(completion)} ·{' '}
      </span>
      {meter.total} {formatCount(total)}
      {share !== '' && ` · ${share}`}
    </span>
  );
}

interface DetailsProps {
  tokens: Tokens;
  messages: ThreadMessage[];
  size: number | null;
  share: string;
}

function Details({ tokens, messages, size, share }: DetailsProps) {
  const { meter } = strings;
  const last = messages.findLast(({ role }) => role === 'assistant')?.metadata;
  const left = last?.context?.dropped_messages ?? 0;
  const speed = last && speedWords(last);
  const counted = tokens.source === 'estimated' ? meter.estimated : meter.counted;
  return (
    <div className="p-4 text-xs">
      <h2 className="mb-2 text-sm font-semibold max-md:hidden">{meter.title}</h2>
      <dl className="grid grid-cols-[auto_1fr] gap-x-4 gap-y-1.5 [&_dd]:text-end [&_dd]:tabular-nums [&_dt]:text-ink-muted">
        <Row name={meter.prompt}>{formatCount(tokens.prompt)}</Row>
        <Row name={meter.completion}>{formatCount(tokens.completion)}</Row>
        <Row name={meter.total}>{formatCount(tokens.total)}</Row>
        {speed && <Row name={strings.details.speed}>{speed}</Row>}
        {size !== null && <Row name={meter.context}>{meter.used(share, formatCount(size))}</Row>}
        {left > 0 && <Row name={meter.left}>{meter.leftOut(left, formatCount(left))}</Row>}
      </dl>
      <p className="mt-3 text-ink-muted">{counted}</p>
    </div>
  );
}

function Row({ name, children }: { name: string; children: ReactNode }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  );
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

/** The window that a reply of this model had: what the server really used. */
function lastWindow(messages: ThreadMessage[], model: string | null): number | null {
  const reply = messages.findLast(({ metadata }) => metadata?.context)?.metadata;
  const same = !model || !reply?.model || sameModel(reply.model, model);
  return (same && reply?.context?.window) || null;
}
