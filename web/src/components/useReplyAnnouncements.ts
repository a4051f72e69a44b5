import { useEffect, useRef } from 'react';
import type { ThreadMessage } from '../hooks/thread';
import { strings } from '../strings';
import { announce } from './announce';

/** Tells a screen reader once when a reply begins and once when it ends; a failure tells itself. */
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
}
