/** What the thread sees of the engine. Load this module lazily: it brings the AI SDK with it. */
import { useChat } from '@ai-sdk/react';
import { useQuery, useQueryClient, type QueryClient } from '@tanstack/react-query';
import { useEffect, useMemo, useSyncExternalStore } from 'react';
import { api } from '../transport/api';
import type { Conversation, Model, ModelList, ToolCall } from '../protocol';
import { findModel } from '../state/models';
import { supported } from '../state/parameters';
import { conversationKey, conversationQuery, modelsKey, OLDER_PAGE } from '../state/queries';
import { registerStop } from '../state/running';
import { saveNow } from '../state/saving';
import { changedParameters, useSettings } from '../state/settings';
import { browserEdges, forgetfulEdges } from '../transport/edges';
import { createEngine } from '../transport/engine';
import type { Connection, Written } from '../transport/types';
import type { QueuedMessage } from '../transport/messageQueue';
import { Session } from '../session/session';
import { useRunningMark } from './useRunningMark';
import type { SendError, ThreadMessage } from '../session/thread';

export type { SendError, ThreadMessage } from '../session/thread';

/** At most one redraw of the messages in this time (ms), however fast the deltas come. */
const REDRAW_MS = 50;

export interface Playground {
  messages: ThreadMessage[];
  /** A reply is awaited or comes; `send` then queues, `regenerate` and `retry` do nothing. */
  busy: boolean;
  connection: Connection;
  /** When the last frame came, in milliseconds since 1970; null without a socket. */
  heardAt(): number | null;
  /** Tries to connect at once: after signing in again, or when asked. */
  reconnect(): void;
  title: string;
  send(message: Written): void;
  /** The messages behind the running reply, in every tab. */
  queued: readonly QueuedMessage[];
  /** A reply was stopped before them: they wait until they are resumed. */
  queueHeld: boolean;
  /** Sends the first of the held messages; rejects when no answer comes. */
  resumeQueue(): Promise<void>;
  /** Puts the queued messages into this order; rejects when no answer comes. */
  arrangeQueue(clientIds: readonly string[]): Promise<void>;
  /** Stops the running reply and sends a queued message; resolves to false when its turn has begun. */
  sendNow(clientId: string): Promise<boolean>;
  /** Resolves to what it says, to null when its turn has begun; rejects when no answer comes. */
  unqueue(clientId: string): Promise<Written | null>;
  stop(): void;
  /** @param model another one than is chosen, for this reply alone */
  regenerate(messageId: string, model?: string): void;
  /** Asks again with the same client id when the turn was never accepted, else regenerates. */
  retry(messageId: string): void;
  /** Replaces an own message: a new branch. */
  edit(messageId: string, message: Written): void;
  /** Goes on with the last reply, which was cut. */
  goOn(messageId: string): void;
  /** Shows another version (the server's id); resolves to false when that may not be now. */
  show(versionId: string): Promise<boolean>;
  /** A message was deleted or restored by this page. */
  revise(deleted?: string): void;
  /** Shows what the reader thinks of a reply; 0 is nothing. */
  rated(messageId: string, value: number, comment: string): void;
  /** A tool call of a reply (the server's id) has come to another state, maybe by a decision on it. */
  called(serverId: string, call: ToolCall, decided?: ToolCall): void;
  /** The model that wrote a version, as far as that is known. */
  modelOf(versionId: string): string | undefined;
  /** There are messages before the first one. */
  hasOlder: boolean;
  /** Resolves to false when nothing came. */
  loadOlder(): Promise<boolean>;
  /** A new object for each refusal; null from the next send on. */
  sendError: SendError | null;
}

/**
 * One open conversation, live.
 *
 * @param history the stored messages when it was opened; later values are not looked at, because
 *   the thread is kept up to date by events
 */
export function usePlayground(conversationId: string, history: ThreadMessage[]): Playground {
  const queryClient = useQueryClient();
  const session = useMemo(
    () => {
      const opened = queryClient.getQueryData<Conversation>(conversationKey(conversationId));
      return new Session({
        conversationId,
        history,
        revision: opened?.revision,
        engine: createEngine(conversationId, opened?.temporary ? forgetfulEdges : browserEdges),
        parameters: () => supported(changedParameters(conversationId), modelOf(queryClient, conversationId)),
        loadMessages: (before) =>
          api.latest(conversationId, { limit: OLDER_PAGE, ...(before ? { before } : {}) }),
        loadTree: () => api.tree(conversationId),
        showBranch: (leafId) => api.showBranch(conversationId, leafId),
        settled: () => saveNow(conversationId),
        onConversation: ({ title, head_id, revision }) =>
          queryClient.setQueryData<Conversation>(
            conversationKey(conversationId),
            (known) => known && { ...known, title, head_id, ...(revision === undefined ? {} : { revision }) },
          ),
        now: Date.now,
      });
    },
    // `history` is where it begins, not what it follows.
    // oxlint-disable-next-line react/exhaustive-deps
    [conversationId, queryClient],
  );

  useEffect(() => {
    session.open();
    const unregister = registerStop(conversationId, () => session.stop());
    return () => {
      unregister();
      session.close();
    };
  }, [session, conversationId]);

  const { messages, status } = useChat({ chat: session.chat, throttle: REDRAW_MS });
  const sendError = useSyncExternalStore(session.subscribe, () => session.sendError);
  const connection = useSyncExternalStore(session.subscribeConnection, () => session.connection);
  const queued = useSyncExternalStore(session.subscribeQueue, () => session.queued);
  const queueHeld = useSyncExternalStore(session.subscribeQueue, () => session.queueHeld);
  const { data: conversation } = useQuery(conversationQuery(conversationId));

  useRunningMark(conversationId, status === 'submitted' || status === 'streaming');

  // These never change: a message is not drawn again because another one grows.
  const actions = useMemo(
    () => ({
      send: (message: Written) => session.send(message),
      unqueue: (clientId: string) => session.unqueue(clientId),
      resumeQueue: () => session.engine.messageQueue.resume(),
      arrangeQueue: (clientIds: readonly string[]) => session.engine.messageQueue.arrange(clientIds),
      sendNow: (clientId: string) => session.engine.messageQueue.sendNow(clientId),
      heardAt: () => session.engine.link.heardAt,
      reconnect: () => session.engine.link.tryNow(),
      stop: () => void session.stop(),
      regenerate: (messageId: string, model?: string) => session.regenerate(messageId, model),
      retry: (messageId: string) => session.retry(messageId),
      edit: (messageId: string, message: Written) => session.edit(messageId, message),
      goOn: (messageId: string) => session.goOn(messageId),
      show: (versionId: string) => session.show(versionId),
      modelOf: (versionId: string) => session.modelOf(versionId),
      loadOlder: () => session.loadOlder(),
      revise: (deleted?: string) => session.revise(deleted),
      called: (...news: Parameters<Session['called']>) => session.called(...news),
      rated: (messageId: string, value: number, comment: string) => session.rated(messageId, value, comment),
    }),
    [session],
  );

  return useMemo(
    () => ({
      ...actions,
      messages,
      busy: status === 'submitted' || status === 'streaming',
      connection,
      title: conversation?.title ?? '',
      queued,
      queueHeld,
      hasOlder: session.hasOlder,
      sendError,
    }),
    [actions, messages, status, connection, conversation?.title, session, queued, queueHeld, sendError],
  );
}

/** The model that the next reply comes from, where it is known. */
function modelOf(client: QueryClient, conversationId: string): Model | undefined {
  const models = client.getQueryData<ModelList>(modelsKey);
  const settings = client.getQueryData<Conversation>(conversationKey(conversationId))?.settings;
  const changed = useSettings.getState().changed[conversationId];
  return findModel(models?.results ?? [], changed?.model ?? settings?.model ?? models?.default ?? '');
}
