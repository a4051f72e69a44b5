import { ArrowDown } from 'lucide-react';
import { useEffect, type ReactNode } from 'react';
import type { ThreadMessage } from '../hooks/thread';
import { strings } from '../strings';
import type { ConnectionMode } from '../transport/types';
import { PendingReply } from './AssistantMessage';
import { Message } from './Message';
import { useStickToEnd } from './useStickToEnd';

interface Props {
  messages: ThreadMessage[];
  busy: boolean;
  mode: ConnectionMode;
  onRetry(id: string): void;
  /** Above the first message. */
  children?: ReactNode;
}

/** The thread. It scrolls by itself, stays at its end while a reply grows, and lets go of a reader. */
export function MessageList({ messages, busy, mode, onRetry, children }: Props) {
  const { scroller, content, away, pin } = useStickToEnd();
  const last = messages.at(-1);
  usePinOnSend(messages, pin);
  return (
    <div className="relative min-h-0 flex-1">
      <div
        ref={scroller}
        className="scroll-quiet h-full overflow-y-auto overscroll-contain"
        role="log"
        aria-label={strings.thread.name}
        // The announcer tells when a reply begins and ends; reading out every token helps nobody.
        aria-live="off"
        tabIndex={0}
      >
        <div ref={content} className="mx-auto flex w-full max-w-column flex-col gap-4 px-4 pt-6 pb-8">
          {children}
          {messages.map((message) => (
            <Message
              key={message.id}
              message={message}
              mode={mode}
              onRetry={message === last && !busy ? onRetry : undefined}
            />
          ))}
          {busy && last?.role === 'user' && <PendingReply metadata={{ ...last.metadata, viaRest: mode === 'rest' }} />}
        </div>
      </div>
      {away && (
        <button
          type="button"
          onClick={pin}
          className="absolute inset-x-0 bottom-3 mx-auto inline-flex h-11 w-fit animate-rise items-center gap-2 rounded-full border border-line bg-surface px-4 text-sm font-medium shadow-float hover:bg-sunken"
        >
          <ArrowDown className="size-4" aria-hidden />
          {strings.thread.jump}
        </button>
      )}
    </div>
  );
}

/** Sending is a wish to see what comes; a message from another tab is not. */
function usePinOnSend(messages: ThreadMessage[], pin: () => void): void {
  const sent = messages.findLast((message) => message.role === 'user');
  const sending = sent?.metadata?.status === 'sending' ? sent.id : undefined;
  useEffect(() => {
    if (sending !== undefined) pin();
  }, [sending, pin]);
}
