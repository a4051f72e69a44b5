import { Info } from 'lucide-react';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { api } from '../../transport/api';
import { formatCount, formatSeconds, formatTime } from '../../format';
import { isWindowFull, serverIdOf, type MessageMetadata, type ThreadMessage } from '../../session/thread';
import { modelName, providerName } from '../../state/models';
import { shouldRetry } from '../../state/queries';
import { strings } from '../../strings';
import { SmallButton } from '../ui/SmallButton';
import { usePopover } from '../ui/usePopover';
import { speedWords } from './speed';

/** Everything that is known about how a reply was made. */
export function MessageDetails({ message }: { message: ThreadMessage }) {
  const { id, button, panel, open } = usePopover();
  return (
    <>
      <SmallButton ref={button} icon={Info} label={strings.details.open} popoverTarget={id} aria-expanded={open} />
      <div
        ref={panel}
        id={id}
        popover="auto"
        role="dialog"
        aria-label={strings.details.title}
        data-menu={open || undefined}
        className="popover w-[25rem] p-4"
      >
        {open && <Facts message={message} />}
      </div>
    </>
  );
}

function Facts({ message }: { message: ThreadMessage }) {
  const metadata = message.metadata ?? {};
  const serverId = serverIdOf(message);
  // A server of the release before does not tell at the end how long things took.
  const { data } = useQuery({
    queryKey: ['message', serverId],
    queryFn: ({ signal }) => api.message(serverId, signal),
    networkMode: 'always',
    retry: shouldRetry,
    staleTime: Infinity,
    gcTime: 0,
    enabled: !metadata.timings,
  });
  const timings = metadata.timings ?? data?.timings;
  const { details } = strings;
  return (
    <>
      <h2 className="mb-2 text-sm font-semibold">{details.title}</h2>
      <dl className="grid grid-cols-[auto_1fr] gap-x-4 gap-y-1 text-xs">
        <Fact name={details.model}>{metadata.model && modelName(metadata.model, metadata.provider_used)}</Fact>
        <Fact name={details.provider}>{providerWords(metadata)}</Fact>
        <Fact name={details.tokens}>{tokenWords(metadata)}</Fact>
        <Fact name={details.speed}>{speedWords(timings ? { ...metadata, timings } : metadata)}</Fact>
        <Fact name={details.firstToken}>{seconds(timings?.first_token_s)}</Fact>
        <Fact name={details.load}>{seconds(timings?.load_s)}</Fact>
        <Fact name={details.total}>{seconds(timings?.total_s)}</Fact>
        <Fact name={details.finish}>{finishWords(metadata)}</Fact>
        <Fact name={details.context}>{contextWords(metadata)}</Fact>
        <Fact name={details.time}>{metadata.created_at && formatTime(metadata.created_at)}</Fact>
        <Fact name={details.id}>
          <span className="font-mono break-all select-all">{serverId}</span>
        </Fact>
      </dl>
    </>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  if (!children) return null;
  return (
    <>
      <dt className="text-ink-muted">{name}</dt>
      <dd className="min-w-0 text-end break-words tabular-nums">{children}</dd>
    </>
  );
}

function providerWords({ provider_used, fallback_used }: MessageMetadata): string | undefined {
  if (!provider_used) return undefined;
  const name = providerName(provider_used);
  return fallback_used ? strings.details.fallback(name) : name;
}

function tokenWords({ tokens }: MessageMetadata): string | undefined {
  if (!tokens) return undefined;
  const { prompt, completion, source } = tokens;
  return strings.details.tokenCounts(formatCount(prompt), formatCount(completion), source);
}

function seconds(value: number | undefined): string | undefined {
  return value === undefined ? undefined : strings.phase.seconds(formatSeconds(value));
}

function finishWords(metadata: MessageMetadata): string | undefined {
  const { finish_reason, status } = metadata;
  if (isWindowFull(metadata)) return strings.details.finishReasons.windowFull;
  const known: Record<string, string> = strings.details.finishReasons;
  return known[finish_reason ?? ''] ?? finish_reason ?? known[status ?? ''];
}

function contextWords({ context }: MessageMetadata): string | undefined {
  if (!context) return undefined;
  const window = formatCount(context.window);
  return strings.details.window(window, formatCount(context.dropped_messages), context.dropped_messages);
}
