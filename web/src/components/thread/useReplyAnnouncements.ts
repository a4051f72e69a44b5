import { useEffect, useRef } from 'react';
import type { ThreadMessage } from '../../session/thread';
import { strings } from '../../strings';
import { announce } from '../ui/announce';
import { isRunning, messageText } from '../../session/messageText';

/**
 * Announces once each to screen readers: that a reply is being thought about, that it is being
 * written, that it has ended; a failure is an alert of its own.
 */
export function useReplyAnnouncements(messages: ThreadMessage[], busy: boolean): void {
  const wasBusy = useRef(false);
  const status = messages.at(-1)?.metadata?.status;
  useEffect(() => {
    if (wasBusy.current === busy) return;
    wasBusy.current = busy;
    if (busy) announce(strings.announce.thinking);
    else if (status === 'stopped' || status === 'interrupted') announce(strings.announce[status]);
    else announce(status === 'completed' ? strings.announce.completed : '');
  }, [busy, status]);
  const last = messages.at(-1);
  const writing = busy && last?.role === 'assistant' && isRunning(last) && messageText(last) !== '';
  useEffect(() => {
    if (writing) announce(strings.announce.writing);
  }, [writing]);
}
