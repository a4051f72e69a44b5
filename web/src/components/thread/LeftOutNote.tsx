import { SlidersHorizontal } from 'lucide-react';
import { formatList } from '../../format';
import type { MessageMetadata } from '../../session/thread';
import { strings } from '../../strings';

/** Tells which of the chosen parameters the model that answered does not have. */
export function LeftOutNote({ metadata: { left_out } }: { metadata: MessageMetadata }) {
  if (!left_out || left_out.length === 0) return null;
  const names: Record<string, string> = { ...strings.optional.names, tools: strings.calls.title };
  return (
    <p className="mt-3 inline-flex items-center gap-2 rounded-control bg-sunken px-3 py-1.5 text-sm text-ink-muted">
      <SlidersHorizontal className="size-4 shrink-0" aria-hidden />
      {strings.optional.leftOut(formatList(left_out.map((name) => names[name] ?? name)))}
    </p>
  );
}
