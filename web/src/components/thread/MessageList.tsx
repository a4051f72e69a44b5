import { ArrowDown } from 'lucide-react';
import { useEffect, useState, type ReactNode, type RefObject } from 'react';
import type { ThreadMessage } from '../../session/thread';
import { strings } from '../../strings';
import type { ConnectionMode } from '../../transport/types';
import { PendingReply } from './AssistantMessage';
import { Message } from './Message';
import { isRunning } from '../../session/messageText';
import { KeepPlace } from './KeepPlace';
import { OlderMessages } from './OlderMessages';
import { hasPlace } from './placeKept';
import { useStickToEnd } from './useStickToEnd';

interface Props {
  messages: ThreadMessage[];
  busy: boolean;
  mode: ConnectionMode;
  onRetry(id: string): void;
  hasOlder: boolean;
  loadOlder(): Promise<boolean>;
  /** Above the first message. */
  children?: ReactNode;
}

/** The thread. It follows a growing reply, unless the reader has scrolled away. */
export function MessageList({ messages, busy, mode, onRetry, hasOlder, loadOlder, children }: Props) {
  const { scroller, content, room, away, pin } = useStickToEnd();
  const last = messages.at(-1);
  usePinOnSend(messages, content, pin);
  const hidden = Math.min(useNotYetDrawn(messages.length), Math.max(0, messages.length - 1));
  const continuing = busy && last?.role === 'assistant' && !isRunning(last);
  return (
    <div className="relative min-h-0 flex-1 print:static">
      <div
        ref={scroller}
        className="thread-room scroll-quiet h-full touch-pan-y touch-pinch-zoom overflow-y-auto overscroll-contain data-pointed:outline-none print:h-auto print:overflow-visible"
        role="log"
        data-drawn={hidden === 0 || undefined}
        aria-label={strings.thread.name}
        // The announcer reports the start and end of a reply; reading out every token would not help.
        aria-live="off"
        tabIndex={0}
      >
        <div ref={content} className="mx-auto flex w-full max-w-column flex-col gap-4 below-note px-4 pt-6 pb-8 print:max-w-none print:p-0">
          {hidden > 0 ? null : hasOlder ? <OlderMessages load={loadOlder} scroller={scroller} /> : children}
          {messages.map((message, index) =>
            index < hidden ? null : (
              <div
                key={message.id}
                data-sending={message.metadata?.status === 'sending' || undefined}
                className={index < messages.length - ALWAYS_LAID_OUT ? 'laid-out-in-view' : undefined}
              >
                <Message
                  message={message}
                  mode={mode}
                  continues={isReply(message) && isReply(messages[index - 1])}
                  goesOn={isReply(message) && (isReply(messages[index + 1]) || (message === last && continuing))}
                  onRetry={message === last && !busy ? onRetry : undefined}
                />
              </div>
            ),
          )}
          {continuing && <PendingReply metadata={{ viaRest: mode === 'rest' }} continues />}
          {busy && last?.role === 'user' && <PendingReply metadata={{ ...last.metadata, viaRest: mode === 'rest' }} />}
        </div>
        <div ref={room} className="print:hidden" />
      </div>
      <div className="fades-out" />
      <KeepPlace first={messages[hidden]?.id} scroller={scroller} />
      {away && (
        <button
          type="button"
          onClick={() => pin()}
          className="absolute inset-x-0 bottom-3 mx-auto inline-flex h-11 w-fit animate-rise items-center gap-2 rounded-full border border-line bg-surface px-4 low:me-3 low:gap-0 low:px-3 text-sm font-medium shadow-float hover:bg-sunken"
        >
          <ArrowDown className="size-4" aria-hidden />
          <span className="low:sr-only">{strings.thread.jump}</span>
        </button>
      )}
    </div>
  );
}

/** A thread is read at its end: so many messages are drawn at once, and so many more in each step. */
const AT_ONCE = 12;
const STEP = 8;

/** How many messages at the beginning wait, so that a long thread is not one long task. */
function useNotYetDrawn(count: number): number {
  const [waiting, setWaiting] = useState(() => (hasPlace() ? 0 : Math.max(0, count - AT_ONCE)));
  useEffect(() => {
    if (waiting === 0) return undefined;
    const timer = setTimeout(() => setWaiting(Math.max(0, waiting - STEP)));
    return () => clearTimeout(timer);
  }, [waiting]);
  return waiting;
}

/** So many messages at the end are always laid out, so that the end stays where it is. */
const ALWAYS_LAID_OUT = 30;

function isReply(message: ThreadMessage | undefined): boolean {
  return message?.role === 'assistant';
}

/** Sending brings the question to the top; a message from another tab does not. */
function usePinOnSend(
  messages: ThreadMessage[],
  content: RefObject<HTMLElement | null>,
  pin: (question?: HTMLElement) => void,
): void {
  const sent = messages.findLast((message) => message.role === 'user');
  const sending = sent?.metadata?.status === 'sending' ? sent.id : undefined;
  useEffect(() => {
    if (sending === undefined) return;
    const rows = content.current?.querySelectorAll<HTMLElement>(':scope > [data-sending]');
    pin([...(rows ?? [])].at(-1));
  }, [sending, content, pin]);
}
