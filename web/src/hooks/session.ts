/**
 * One open conversation: the engine, the AI SDK's chat above it, and what the two of them do not
 * settle: refusals, turns begun elsewhere, reading the messages again. No React in here.
 */
import { Chat } from '@ai-sdk/react';
import type { Message, MessageStartEvent, Parameters, UserMessageEvent } from '../protocol';
import { createChatTransport, textOf, type TurnBody } from '../transport/chat-transport';
import { uuid } from '../transport/edges';
import type { Engine } from '../transport/engine';
import { TurnError, type Connection, type ForeignEvent, type TurnEvent } from '../transport/types';
import {
  isRunningReply,
  isUnaccepted,
  mergeThread,
  serverIdOf,
  toThread,
  type MessageMetadata,
  type SendError,
  type ThreadMessage,
} from './thread';

export interface SessionOptions {
  conversationId: string;
  history: ThreadMessage[];
  engine: Engine;
  /** What the user has changed; goes with each turn. */
  parameters(): Parameters | undefined;
  loadMessages(): Promise<Message[]>;
  onConversation(change: { title: string; head_id: string | null }): void;
  now(): number;
}

/** What goes back to its place when a request was refused. */
type Undo = (error: TurnError) => void;

export class Session {
  readonly chat: Chat<ThreadMessage>;
  readonly engine: Engine;
  sendError: SendError | null = null;
  private readonly options: SessionOptions;
  private readonly subscribers = new Set<() => void>();
  /** The thread may not be what is stored; read it again once nothing runs. */
  private stale = false;
  private unlisten: (() => void)[] = [];
  private opened = false;
  /** Which reply the SDK's "resume" means. */
  private resuming: string | undefined;

  constructor(options: SessionOptions) {
    this.options = options;
    this.engine = options.engine;
    this.chat = new Chat<ThreadMessage>({
      id: options.conversationId,
      messages: options.history,
      transport: createChatTransport(options.engine, () => this.resuming),
      generateId: uuid,
    });
  }

  /** Connects, and follows the reply that runs already. */
  open(): void {
    this.opened = true;
    this.unlisten = [
      this.engine.onForeign((event) => this.onForeign(event)),
      this.engine.onEvent((event) => this.onEvent(event)),
    ];
    this.engine.open();
    this.followRunning();
  }

  /** Leaves; stops no reply. It may be opened again. */
  close(): void {
    this.opened = false;
    for (const stop of this.unlisten) stop();
    void this.chat.stop();
    this.engine.close();
  }

  /** Tells when `sendError` has changed. Returns the way to stop. */
  subscribe = (listener: () => void): (() => void) => {
    this.subscribers.add(listener);
    return () => void this.subscribers.delete(listener);
  };

  subscribeConnection = (listener: () => void): (() => void) => this.engine.subscribe(listener);

  get connection(): Connection {
    return this.engine.connection;
  }

  get busy(): boolean {
    return this.chat.status === 'submitted' || this.chat.status === 'streaming';
  }

  send(content: string): void {
    if (this.busy || !content.trim()) return;
    const clientId = uuid();
    const createdAt = new Date(this.options.now()).toISOString();
    void this.ask(
      () =>
        this.chat.sendMessage(
          {
            id: clientId,
            role: 'user',
            parts: [{ type: 'text', text: content }],
            metadata: { status: 'sending', clientId, createdAt },
          },
          { body: this.body(clientId) },
        ),
      (error) => this.onSendFailed(clientId, content, error),
    );
  }

  regenerate(messageId: string): void {
    const before = this.chat.messages;
    if (this.busy || !before.some((one) => one.id === messageId && one.role === 'assistant')) return;
    void this.ask(
      () => this.chat.regenerate({ messageId, body: this.body(uuid()) }),
      (error) => {
        this.chat.messages = before;
        this.setSendError({ content: '', code: error.code, message: error.message });
        if (!error.refused) this.stale = true;
      },
    );
  }

  /** A never accepted message: the same client id again. A given up reply: on with it. Else anew. */
  retry(messageId: string): void {
    const message = this.chat.messages.find((one) => one.id === messageId);
    if (!message || this.busy) return;
    if (message.role === 'user') this.sendAgain(message);
    else if (message.metadata?.error?.code === 'unreachable') this.resume(messageId);
    else this.regenerate(messageId);
  }

  /** Resolves when the reply has ended. */
  stop(): Promise<void> {
    return this.engine.stop();
  }

  private sendAgain(message: ThreadMessage): void {
    const clientId = message.metadata?.clientId;
    if (!clientId || !isUnaccepted(message)) return;
    const { error: _, ...metadata } = message.metadata ?? {};
    void this.ask(
      () =>
        this.chat.sendMessage(
          {
            role: 'user',
            parts: message.parts,
            metadata: { ...metadata, status: 'sending' },
            messageId: message.id,
          },
          { body: this.body(clientId) },
        ),
      (failure) => this.onSendFailed(message.id, textOf(message), failure),
    );
  }

  private body(clientId: string): TurnBody {
    const parameters = this.options.parameters();
    return parameters ? { clientId, parameters } : { clientId };
  }

  // Requests ------------------------------------------------------------------------------------

  private async ask(request: () => Promise<void>, undo: Undo): Promise<void> {
    this.setSendError(null);
    await request();
    this.settle(undo);
  }

  private resume(messageId: string): void {
    this.resuming = messageId;
    void this.chat.resumeStream().then(() => this.settle(() => {}));
  }

  /** After a request: what the SDK reports as an error is ours to place. */
  private settle(undo: Undo): void {
    const { error, status } = this.chat;
    if (this.busy || !this.opened) return;
    if (status === 'error') {
      this.chat.clearError();
      this.onFailed(error, undo);
    }
    this.followRunning();
    if (this.stale) void this.resync();
  }

  private onFailed(error: Error | undefined, undo: Undo): void {
    const last = this.chat.messages.at(-1);
    const failure = asTurnError(error);
    const { code, message } = failure;
    if (isRunningReply(last) && !failure.refused) {
      this.change(last!.id, { status: 'interrupted', error: { code, message, retryable: true } });
    } else {
      undo(failure);
    }
  }

  private onSendFailed(id: string, content: string, error: TurnError): void {
    const { code, message } = error;
    if (error.refused) {
      this.chat.messages = this.chat.messages.filter((one) => one.id !== id);
      this.setSendError({ content, code, message });
    } else {
      this.change(id, { status: 'failed', error: { code, message, retryable: true } });
    }
  }

  // What happens elsewhere ----------------------------------------------------------------------

  private onEvent(event: TurnEvent): void {
    if (event.type === 'conversation') this.options.onConversation(event);
    if (event.type === 'user_message') this.onUserMessage(event);
  }

  /** Ours: it is accepted now. Another's: it is new. */
  private onUserMessage(event: UserMessageEvent): void {
    const { messages } = this.chat;
    const index = messages.findIndex(
      (one) => serverIdOf(one) === event.id || (event.client_id && one.id === event.client_id),
    );
    const before = messages.slice(0, index < 0 ? undefined : index);
    const parent = before.findLast((one) => !isUnaccepted(one));
    if (event.parent_id !== (parent ? serverIdOf(parent) : null)) this.stale = true;
    const metadata: MessageMetadata = {
      status: 'completed',
      createdAt: event.created_at,
      parentId: event.parent_id,
      ...(event.client_id ? { clientId: event.client_id } : {}),
    };
    if (index >= 0) {
      const serverId = messages[index]!.id === event.id ? {} : { serverId: event.id };
      this.change(messages[index]!.id, { ...metadata, ...serverId });
    } else {
      const parts: ThreadMessage['parts'] = [{ type: 'text', text: event.content }];
      this.chat.messages = [...messages, { id: event.id, role: 'user', parts, metadata }];
    }
  }

  private onForeign(event: ForeignEvent): void {
    if (event.type === 'stale') {
      this.stale = true;
      if (!this.busy) void this.resync();
    } else if (event.type === 'message_start') {
      this.cutTo(event);
      if (!this.busy) this.resume(event.id);
    }
  }

  /** A reply made anew elsewhere takes the place of what came after its question. */
  private cutTo({ id, parent_id: parentId }: MessageStartEvent): void {
    const { messages } = this.chat;
    if (messages.some((one) => one.id === id)) return;
    const index = messages.findIndex((one) => serverIdOf(one) === parentId);
    if (index < 0) this.stale = true;
    else if (index < messages.length - 1) {
      const unaccepted = messages.slice(index + 1).filter(isUnaccepted);
      this.chat.messages = [...messages.slice(0, index + 1), ...unaccepted];
    }
  }

  /** Reads the messages again and shows them; on a failure the thread stays as it is. */
  private async resync(): Promise<void> {
    this.stale = false;
    const stored = await this.options.loadMessages().catch(() => null);
    if (!this.opened || !stored) return;
    if (this.busy) {
      this.stale = true;
      return;
    }
    this.chat.messages = mergeThread(this.chat.messages, toThread(stored));
    this.followRunning();
  }

  private followRunning(): void {
    const last = this.chat.messages.at(-1);
    const running = isRunningReply(last) ? last!.id : this.engine.runningId;
    if (running && !this.busy) this.resume(running);
  }

  private change(id: string, metadata: MessageMetadata): void {
    this.chat.messages = this.chat.messages.map((message) =>
      message.id === id ? { ...message, metadata: { ...message.metadata, ...metadata } } : message,
    );
  }

  private setSendError(error: SendError | null): void {
    if (this.sendError === error) return;
    this.sendError = error;
    for (const subscriber of this.subscribers) subscriber();
  }
}

function asTurnError(error: Error | undefined): TurnError {
  if (error instanceof TurnError) return error;
  return new TurnError('internal', 'Something went wrong on this page.', false);
}
