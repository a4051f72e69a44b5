import { formatCount, formatFacts, formatTime } from '../../format';
import type { MessageMetadata } from '../../session/thread';
import { modelName, providerName } from '../../state/models';
import { strings } from '../../strings';
import { speedWords } from './speed';

export function MessageTime({ iso }: { iso: string }) {
  return <time dateTime={iso}>{formatTime(iso)}</time>;
}

/** Which model wrote a reply and how fast, always; by whom it was served, how long it is, and when, for those who look. */
export function MessageMeta({ metadata }: { metadata: MessageMetadata }) {
  const { model, provider_used, tokens, created_at, viaRest } = metadata;
  const always = formatFacts([model && modelName(model, provider_used), speedWords(metadata)]);
  const facts = formatFacts([
    provider_used && provider_used !== model ? providerName(provider_used) : undefined,
    // Of a reply that no model was asked for there is nothing to count.
    tokens && tokens.total > 0
      ? `${tokens.source === 'estimated' ? '≈ ' : ''}${strings.reply.tokens(formatCount(tokens.total))}`
      : undefined,
    viaRest ? strings.reply.whole : undefined,
  ]);
  return (
    <p className="min-w-0 break-words">
      {always}
      <span className="reveal">
        {always && ' · '}
        {facts !== '' && `${facts} · `}
        {created_at && <MessageTime iso={created_at} />}
      </span>
    </p>
  );
}
