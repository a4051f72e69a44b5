import { formatSpeed } from '../../format';
import type { MessageMetadata } from '../../session/thread';
import { strings } from '../../strings';

/** A shorter reply, or one that came in a shorter time (s), says nothing of the model. */
const FEWEST = 5;
const SHORTEST_S = 0.05;

/** How fast the model wrote a reply, in words; undefined where that is not known. */
export function speedWords({ tokens, timings }: MessageMetadata): string | undefined {
  if (!tokens || !timings || tokens.completion < FEWEST) return undefined;
  const { generate_s, total_s = 0, first_token_s = 0 } = timings;
  const took = generate_s || total_s - first_token_s;
  if (took < SHORTEST_S) return undefined;
  const about = tokens.source === 'estimated' ? '≈ ' : '';
  return about + strings.details.perSecond(formatSpeed(tokens.completion / took));
}
