import type { ThreadMessage } from '../../session/thread';
import type { ConnectionMode } from '../../transport/types';

/** What one message of the thread is drawn from. */
export interface MessageProps {
  message: ThreadMessage;
  /** Only the last message can be tried again: an earlier one has been built upon. */
  onRetry?: ((id: string) => void) | undefined;
  mode: ConnectionMode;
  /** The next message goes on with this reply. */
  goesOn?: boolean;
  /** This reply goes on with the one before. */
  continues?: boolean;
}
