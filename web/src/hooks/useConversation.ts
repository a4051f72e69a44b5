/**
 * Which conversation the page shows, and its stored messages. Needs no AI SDK.
 *
 * `/chat/<id>` shows that one. `/chat` goes back to the last one, or to an empty one.
 */
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useCallback, useEffect, useState, useSyncExternalStore } from 'react';
import { ApiError } from '../transport/api';
import type { Conversation } from '../protocol';
import { openEmpty } from '../state/modelChoice';
import { conversationKey, conversationQuery, historyQuery } from '../state/queries';
import { wasCut } from '../state/drawing';
import { idInPath, pathOf, readLast, rememberLast, route } from '../state/route';
import { strings } from '../strings';
import { stopRunning } from '../state/running';
import type { ThreadMessage } from '../session/thread';

/** "Clear chat" does not wait longer than this (ms) for a running reply to end. */
const STOP_PATIENCE_MS = 2_000;

export type ConversationView =
  | { status: 'loading'; title: string }
  /** No such conversation, or another user's. */
  | { status: 'missing' }
  | { status: 'signed_out' }
  | { status: 'failed'; code: string; message: string; retry(): void }
  | { status: 'ready'; conversation: Conversation; history: ThreadMessage[] };

export interface ConversationHandle {
  view: ConversationView;
  /**
   * Stops the running reply, creates a conversation and shows it ("Clear chat", and the way on from
   * a missing one). Rejects with an ApiError when it cannot be created; then nothing has changed
   * but that the reply has ended.
   */
  startFresh(): Promise<void>;
  /** True while `startFresh` works. */
  starting: boolean;
}

export function useConversation(): ConversationHandle {
  const id = idInPath(useSyncExternalStore(route.subscribe, route.path));
  const queryClient = useQueryClient();
  const [starting, setStarting] = useState(false);
  const entrance = useEntrance(id === null);
  const conversation = useQuery({ ...conversationQuery(id ?? ''), enabled: id !== null });
  const history = useQuery({ ...historyQuery(id ?? ''), enabled: id !== null });

  const problem = conversation.error ?? history.error;
  const isMissing = problem instanceof ApiError && problem.status === 404;
  const loaded = conversation.data?.temporary ? undefined : conversation.data?.id;
  useEffect(() => {
    if (loaded) rememberLast(loaded);
  }, [loaded]);
  useEffect(() => {
    if (!id || !isMissing || readLast() !== id) return;
    // Deleted, or another person is signed in now: it is not opened again.
    rememberLast(null);
    if (route.isReturn()) route.replace('/chat');
  }, [id, isMissing]);

  const startFresh = () => {
    setStarting(true);
    return createAfter(id)
      .then((created) => {
        queryClient.setQueryData(conversationKey(created.id), created);
        route.push(pathOf(created.id));
      })
      .finally(() => setStarting(false));
  };

  const retry = () => {
    if (id === null) return entrance.retry();
    if (conversation.error) void conversation.refetch();
    if (history.error) void history.refetch();
  };
  const error = id === null ? entrance.error : problem;
  const { data } = conversation;
  const view: ConversationView =
    error !== null
      ? toView(error, retry)
      : data && history.data
        ? { status: 'ready', conversation: data, history: history.data }
        : { status: 'loading', title: data?.title ?? '' };
  return { view, startFresh, starting };
}

/** At `/chat`: goes to the last conversation, or to an empty one. */
function useEntrance(isAtDoor: boolean): { error: Error | null; retry(): void } {
  const [error, setError] = useState<Error | null>(null);
  const enter = useCallback(() => {
    const last = readLast();
    // One that ended the page is opened only by its own address.
    if (last && !wasCut(last)) route.goBackTo(last);
    else createFirst().then(({ id }) => route.replace(pathOf(id)), setError);
  }, []);
  useEffect(() => {
    if (isAtDoor) enter();
  }, [isAtDoor, enter]);
  const retry = () => {
    setError(null);
    enter();
  };
  return { error, retry };
}

/** Stops the reply in the old conversation first. */
async function createAfter(id: string | null): Promise<Conversation> {
  if (id) await Promise.race([stopRunning(id), patience(STOP_PATIENCE_MS)]);
  return openEmpty(id);
}

let creating: Promise<Conversation> | null = null;

/** One conversation, however many effects ask for it at once. */
function createFirst(): Promise<Conversation> {
  creating ??= openEmpty().finally(() => {
    creating = null;
  });
  return creating;
}

function toView(error: Error, retry: () => void): ConversationView {
  if (!(error instanceof ApiError)) {
    return { status: 'failed', code: 'unreachable', message: strings.errors.unreachable, retry };
  }
  if (error.status === 404) return { status: 'missing' };
  if (error.status === 401) return { status: 'signed_out' };
  return { status: 'failed', code: error.code, message: error.message, retry };
}

function patience(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
