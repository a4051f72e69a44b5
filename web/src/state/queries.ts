/** Queries through TanStack Query: keys, functions, and when to ask again. */
import { queryOptions } from '@tanstack/react-query';
import { api, ApiError } from '../transport/api';
import { toThread } from '../session/thread';
import { takeOpened } from './opened';

export const conversationKey = (id: string) => ['conversation', id] as const;
const messagesKey = (id: string) => ['messages', id] as const;
export const modelsKey = ['models'] as const;

/** Messages that are shown at first: more than two screens of short ones. */
const FIRST_PAGE = 60;
/** Messages that come at once when the reader goes back. */
export const OLDER_PAGE = 100;

/** An answer is an answer: only what got none, or a server's failure, is asked again. */
export function shouldRetry(failures: number, error: Error): boolean {
  const isAnswer = error instanceof ApiError && error.status < 500;
  return !isAnswer && failures < 2;
}

/**
 * `networkMode: always`: a server on this machine can be reached without any network.
 * Nothing is refetched on its own: events of the socket keep the page up to date.
 */
const quiet = {
  networkMode: 'always',
  retry: shouldRetry,
  staleTime: Infinity,
  refetchOnReconnect: false,
  refetchOnWindowFocus: false,
} as const;

export const conversationQuery = (id: string) =>
  queryOptions({
    ...quiet,
    queryKey: conversationKey(id),
    queryFn: ({ signal }) => takeOpened(id, 'conversation') ?? api.conversation(id, signal),
  });

/** Read anew whenever the conversation is opened: the thread lives in the chat while it is open. */
export const historyQuery = (id: string) =>
  queryOptions({
    ...quiet,
    queryKey: messagesKey(id),
    queryFn: async ({ signal }) =>
      toThread(
        takeOpened(id, 'messages') ?? (await api.latest(id, { limit: FIRST_PAGE, signal })).messages,
      ),
    gcTime: 0,
  });
