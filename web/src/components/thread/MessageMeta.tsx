import { formatCount, formatTime } from '../../format';
import type { MessageMetadata } from '../../session/thread';
import { strings } from '../../strings';

export function MessageTime({ iso }: { iso: string }) {
  return <time dateTime={iso}>{formatTime(iso)}</time>;
}

/** Who wrote a reply, how long it is, when: for those who look. */
export function MessageMeta({ metadata }: { metadata: MessageMetadata }) {
  const { model, providerUsed, tokens, createdAt, viaRest } = metadata;
  const facts = [
    model,
    providerUsed !== model ? providerUsed : undefined,
    // Of a reply that no model was asked for there is nothing to count.
    tokens && tokens.total > 0
      ? `${tokens.source === 'estimated' ? '≈ ' : ''}${strings.reply.tokens(formatCount(tokens.total))}`
      : undefined,
    viaRest ? strings.reply.whole : undefined,
  ].filter((fact) => fact !== undefined && fact !== '');
  return (
    <p className="min-w-0 break-words">
      {facts.map((fact) => `${fact} · `)}
      {createdAt && <MessageTime iso={createdAt} />}
    </p>
  );
}
