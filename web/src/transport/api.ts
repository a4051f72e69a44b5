/**
 * The REST API, typed. One function per call that the page makes.
 *
 * Every function rejects with an ApiError when the server answered with an error, and with the
 * fetch's own error (a TypeError, or a TimeoutError) when no answer came.
 */
import { toJson } from './json';
import { ApiError, isObject, toError, type Fields } from './apiError';
import { libraryCalls } from './apiLibrary';
import type {
  Attachment,
  Conversation,
  ConversationChanges,
  DecideFrame,
  FilePage,
  FoundConversation,
  GenerateResult,
  Me,
  Message,
  ModelJob,
  ModelList,
  Page,
  Parameters,
  Problem,
  QueuedItem,
  Settings,
  SettingsPatch,
  ToolCall,
  ToolServer,
} from '../protocol';

export { ApiError, type Fields };

/** What a person wrote: a text, which may be empty when there are files. */
export interface Written {
  content: string;
  attachments?: readonly Attachment[] | undefined;
}

/** Something to say. */
export interface SayCommand extends Written {
  clientId: string;
  /** Left out: the conversation's head. Null: a new beginning. */
  parentId?: string | null;
  parameters?: Parameters;
  /** While a reply is being written: wait for its end instead of being refused. */
  queue?: boolean;
}

/** What a turn asks for. The same `clientId` never makes a second message or a second reply. */
export type Command =
  | SayCommand
  | {
      clientId: string;
      messageId: string;
      /** Go on below the message instead of replacing it. */
      goOn?: boolean;
      parameters?: Parameters;
    };

/** Messages of the shown branch in reading order, and whether there are others before them. */
export interface MessagePage {
  messages: Message[];
  more: boolean;
}

/** A generate call's answer; `error` is set when the reply was stored as failed. */
export type Generated = GenerateResult & { error?: Problem | { code: string; message: string } };

/** The message queue of a conversation. */
export interface Queue {
  queue: QueuedItem[];
  /** They wait until the queue is resumed. */
  held?: boolean;
}

/** Ordinary calls are given up after this long (ms); a slow phone network needs less. */
const CALL_TIMEOUT_MS = 20_000;
/**
 * A generate call waits for a whole reply. It is asked again after this long (ms): the same
 * client id joins the running reply, and no proxy's own limit is reached.
 */
const GENERATE_TIMEOUT_MS = 90_000;
/** Browsers refuse a call that outlives its page with a longer body (65,536 bytes for all of them). */
const LONGEST_LAST_WORD = 60_000;

export interface ApiEdges {
  fetch: typeof fetch;
  /** The value of the `csrftoken` cookie, or an empty string. */
  csrfToken(): string;
}

/** What became of a name and a password; `blocked` = too many tries, for so many seconds. */
export type SignedIn = 'yes' | 'wrong' | 'stale' | { blocked: number };

export type Api = ReturnType<typeof createApi>;

export function createApi(edges: ApiEdges) {
  async function ask(
    method: string,
    path: string,
    body: unknown,
    timeout: number,
    signal?: AbortSignal,
    outlives = false,
  ): Promise<{ ok: boolean; status: number; value: unknown }> {
    const headers: Record<string, string> = { Accept: 'application/json' };
    if (method !== 'GET') headers['X-CSRFToken'] = edges.csrfToken();
    if (body !== undefined) headers['Content-Type'] = 'application/json';
    const abort = new AbortController();
    const giveUp = () => abort.abort();
    const timer = setTimeout(
      () => abort.abort(new DOMException('No answer in time.', 'TimeoutError')),
      timeout,
    );
    signal?.addEventListener('abort', giveUp);
    if (signal?.aborted) giveUp();
    const text = body === undefined ? undefined : toJson(body);
    try {
      const response = await edges.fetch(path, {
        method,
        headers,
        credentials: 'same-origin',
        // A change that the page shows already has to arrive, also when the page is left.
        keepalive: (outlives || method === 'PATCH' || method === 'PUT') && sizeOf(text) <= LONGEST_LAST_WORD,
        signal: abort.signal,
        ...(text === undefined ? {} : { body: text }),
      });
      const answer = await response.text();
      return { ok: response.ok, status: response.status, value: answer ? parse(answer) : null };
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', giveUp);
    }
  }

  async function call<T>(
    method: string,
    path: string,
    body?: unknown,
    signal?: AbortSignal,
  ): Promise<T> {
    const { ok, status, value } = await ask(method, path, body, CALL_TIMEOUT_MS, signal);
    if (!ok) throw toError(status, value);
    return value as T;
  }

  async function generate<T>(
    id: string,
    command: Command,
    signal?: AbortSignal,
    outlives = false,
  ): Promise<T> {
    const { ok, status, value } = await ask(
      'POST',
      `/api/conversations/${id}/generate/`,
      toBody(command),
      GENERATE_TIMEOUT_MS,
      signal,
      outlives,
    );
    if (ok || (isObject(value) && isObject(value['message']))) return value as T;
    throw toError(status, value);
  }

  /** By the form that the sign-in page has. Rejects when no answer came. */
  async function signIn(username: string, password: string): Promise<SignedIn> {
    const response = await edges.fetch('/signin/', {
      method: 'POST',
      headers: { 'X-CSRFToken': edges.csrfToken() },
      body: new URLSearchParams({ username, password }),
      credentials: 'same-origin',
      redirect: 'manual',
    });
    // Who is signed in is sent on; where to is of no interest here.
    if (response.type === 'opaqueredirect') return 'yes';
    if (response.status === 429) return { blocked: Number(response.headers.get('Retry-After')) || 60 };
    return response.status === 403 ? 'stale' : 'wrong';
  }

  return {
    signIn,
    me: (signal?: AbortSignal) => call<Me>('GET', '/api/me/', undefined, signal),
    models: (signal?: AbortSignal) => call<ModelList>('GET', '/api/models/', undefined, signal),
    /** For staff; newest first. */
    modelJobs: async (signal?: AbortSignal) =>
      (await call<Page<ModelJob>>('GET', '/api/model-jobs/', undefined, signal)).results,
    pullModel: (connection: string, model: string) =>
      call<ModelJob>('POST', '/api/model-jobs/', { connection, model, kind: 'pull' }),
    /** An empty conversation: with `reuse` the one that there is, with these settings, or a new one. */
    emptyConversation: (settings: Settings, reuse = true) =>
      call<Conversation>('POST', '/api/conversations/', { reuse, settings }),
    /** In no list, and deleted a while after its last use. */
    temporaryConversation: (settings: Settings) =>
      call<Conversation>('POST', '/api/conversations/', { temporary: true, settings }),
    /** A new conversation with what leads to the message `leaf`; by default with the shown branch. */
    fork: (id: string, leaf?: string) =>
      call<Conversation>('POST', `/api/conversations/${id}/fork/`, leaf ? { leaf } : {}),
    conversation: (id: string, signal?: AbortSignal) =>
      call<Conversation>('GET', `/api/conversations/${id}/`, undefined, signal),
    saveSettings: (id: string, settings: SettingsPatch) =>
      call<Conversation>('PATCH', `/api/conversations/${id}/`, { settings }),
    /** Shows the branch that ends with this message. */
    showBranch: (id: string, headId: string) =>
      call<Conversation>('PATCH', `/api/conversations/${id}/`, { head_id: headId }),
    /** A page of them: `query` is the query string (`search`, `pinned`, `archived`, `limit`). */
    conversations: (query: string, signal?: AbortSignal) =>
      call<Page<FoundConversation>>('GET', `/api/conversations/?${query}`, undefined, signal),
    changeConversation: (id: string, changes: ConversationChanges) =>
      call<Conversation>('PATCH', `/api/conversations/${id}/`, changes),
    ...libraryCalls(call),
    deleteConversation: (id: string) => call<null>('DELETE', `/api/conversations/${id}/`),
    /** Takes a deletion back, up to an hour later. */
    restoreConversation: (id: string) =>
      call<Conversation>('POST', `/api/conversations/${id}/restore/`),
    message: (id: string, signal?: AbortSignal) =>
      call<Message>('GET', `/api/messages/${id}/`, undefined, signal),
    /** Hides it; what was below it hangs below its parent then. */
    deleteMessage: (id: string) => call<null>('DELETE', `/api/messages/${id}/`),
    /** Takes that back, up to a day later. */
    restoreMessage: (id: string) => call<Message>('POST', `/api/messages/${id}/restore/`),
    /** @param value 1, -1, or 0 to take it back */
    rate: (id: string, value: number, comment: string) =>
      call<unknown>('PUT', `/api/messages/${id}/rating/`, { value, comment }),
    /** Allows or denies a tool call of a reply. */
    decide: (id: string, callId: string, decision: Omit<DecideFrame, 'type' | 'message_id' | 'call_id'>) =>
      call<ToolCall>('POST', `/api/messages/${id}/tool-calls/${callId}/decide/`, decision),
    /** The servers whose tools a conversation may use. */
    tools: async (signal?: AbortSignal) =>
      (await call<Page<ToolServer>>('GET', '/api/tools/', undefined, signal)).results,
    /** The key with which this browser subscribes to notifications. */
    pushState: () => call<{ public_key: string }>('GET', '/api/push/'),
    subscribe: (subscription: PushSubscriptionJSON & { language: string }) =>
      call<null>('POST', '/api/push/', subscription),
    unsubscribe: (endpoint: string) => call<null>('DELETE', '/api/push/', { endpoint }),
    stop: (conversationId: string, id: string) =>
      call<Message>('POST', `/api/conversations/${conversationId}/stop/`, { id }),

    /** The end of the shown branch, or what leads to the message `before`. */
    async latest(
      id: string,
      { before, limit, signal }: { before?: string; limit: number; signal?: AbortSignal },
    ): Promise<MessagePage> {
      const where = before ? `before=${before}` : 'from=end';
      const path = `/api/conversations/${id}/messages/?branch=head&${where}&limit=${limit}`;
      const page = await call<Page<Message>>('GET', path, undefined, signal);
      return { messages: page.results, more: page.previous !== null };
    },

    /** Every message of every branch, oldest first, all pages. */
    async tree(id: string, signal?: AbortSignal): Promise<Message[]> {
      const all: Message[] = [];
      let path: string | null = `/api/conversations/${id}/messages/?branch=all&limit=1000`;
      while (path) {
        // oxlint-disable-next-line no-await-in-loop -- each page has the address of the next
        const page: Page<Message> = await call('GET', path, undefined, signal);
        all.push(...page.results);
        // Behind a proxy the server may not know its own address.
        path = page.next && `/api/conversations/${id}/messages/?${page.next.split('?')[1]}`;
      }
      return all;
    },

    /** Waits for the whole reply; also resolves for a reply that failed, with `error`. */
    generate: (id: string, command: Command, signal?: AbortSignal) =>
      generate<Generated>(id, command, signal),

    /** The same for a message that may be queued: resolves to the queue when a reply runs. */
    say: (id: string, command: SayCommand, signal?: AbortSignal) =>
      generate<Generated | Queue>(id, command, signal),

    /** The same for a page that goes: the call outlives it, unless it is too long for that. */
    leave: (id: string, command: Command) =>
      generate<Generated | Queue>(id, command, undefined, true),

    queue: (id: string, signal?: AbortSignal) =>
      call<Queue>('GET', `/api/conversations/${id}/queue/`, undefined, signal),
    /** Sends the first of the messages that are held. */
    resumeQueue: (id: string) => call<Queue>('POST', `/api/conversations/${id}/queue/resume/`),
    orderQueue: (id: string, clientIds: readonly string[]) =>
      call<Queue>('POST', `/api/conversations/${id}/queue/order/`, { client_ids: clientIds }),
    /** Stops what runs and sends a queued message; rejects with a 404 when it is not queued (any more). */
    sendNow: (id: string, clientId: string) =>
      call<Queue>('POST', `/api/conversations/${id}/queue/${clientId}/now/`),
    file: (id: string, signal?: AbortSignal) =>
      call<Attachment>('GET', `/api/files/${id}/`, undefined, signal),
    /** A page of the person's files, newest first; `next` is that of the page before. */
    files: (next?: string | null, signal?: AbortSignal) =>
      call<FilePage>('GET', `/api/files/?${next?.split('?')[1] ?? ''}`, undefined, signal),
    describeFile: (id: string, alt: string) => call<Attachment>('PATCH', `/api/files/${id}/`, { alt }),
    /** Rejects with a 409 while a message uses it. */
    deleteFile: (id: string) => call<null>('DELETE', `/api/files/${id}/`),
    /** Removes a queued message; rejects with a 404 when it is not queued (any more). */
    unqueue: (id: string, clientId: string) =>
      call<null>('DELETE', `/api/conversations/${id}/queue/${clientId}/`),
  };
}

/** The wire form of a command, without its type. Absent fields are left out. */
export function toBody(command: Command) {
  if ('content' in command) return toSaying(command);
  const { clientId, messageId, goOn, parameters } = command;
  return {
    client_id: clientId,
    message_id: messageId,
    ...(goOn ? { continue: true } : {}),
    ...given(parameters),
  };
}

export function toSaying({ clientId, content, attachments, parentId, queue, parameters }: SayCommand) {
  return {
    client_id: clientId,
    content,
    ...(attachments?.length ? { attachments: attachments.map(({ id }) => id) } : {}),
    ...(parentId === undefined ? {} : { parent_id: parentId }),
    ...(queue ? { queue: true } : {}),
    ...given(parameters),
  };
}

function given(parameters: Parameters | undefined): { parameters?: Parameters } {
  return parameters && Object.keys(parameters).length > 0 ? { parameters } : {};
}

/** In bytes. */
function sizeOf(text = ''): number {
  return new TextEncoder().encode(text).length;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Reads a cookie by its name; an empty string when there is none. */
export function readCookie(cookies: string, name: string): string {
  const pair = cookies.split('; ').find((cookie) => cookie.startsWith(`${name}=`));
  return pair ? decodeURIComponent(pair.slice(name.length + 1)) : '';
}

/** The token that Django's forms and API ask for; over HTTPS the cookie's name is bound to the host. */
export function csrfToken(): string {
  return readCookie(document.cookie, '__Host-csrftoken') || readCookie(document.cookie, 'csrftoken');
}

/** The page's own API, on this origin. */
export const api: Api = createApi({
  fetch: (...args) => globalThis.fetch(...args),
  csrfToken,
});
