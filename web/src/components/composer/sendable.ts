/** What the server can never take, told at the field before it is sent. */
import { formatCount } from '../../format';
import { strings } from '../../strings';

/** Characters of a message at most (`CHAT_MAX_CONTENT` of the server). */
export const MAX_CONTENT = 200_000;

/** Why a text can never be sent, as a sentence; null when it can. */
export function whyUnsendable(text: string): string | null {
  if (text.includes('\0')) return strings.composer.nullCharacter;
  // The server counts code points, of which there are never more than code units.
  if (text.length <= MAX_CONTENT) return null;
  const length = [...text].length;
  return length <= MAX_CONTENT ? null : strings.composer.tooLong(formatCount(length), formatCount(MAX_CONTENT));
}
