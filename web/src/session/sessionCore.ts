/**
 * What a session consists of: the engine, the AI SDK's chat above it, the branches, and what the
 * components watch. No decisions in here.
 */
import { Chat } from '@ai-sdk/react';
import type { ConversationEvent, Parameters } from '../protocol';
import { strings } from '../strings';
import { createChatTransport, type TurnBody } from './chatTransport';
import { uuid } from '../transport/edges';
import type { Engine } from '../transport/engine';
import { TurnError, type Command, type Connection, type Written } from '../transport/types';
import type { QueuedMessage } from '../transport/messageQueue';
import { Branches, type BranchDoors } from './branches';
import { toSendError, type MessageMetadata, type SendError, type ThreadMessage } from './thread';

export interface SessionOptions extends BranchDoors {
  conversationId: string;
  history: ThreadMessage[];
  /** Of the conversation, as it was read; undefined where the server tells none. */
  revision: number | undefined;
  engine: Engine;
  /** What the user has changed; goes with each turn. */
  parameters(): Parameters | undefined;
  /** Resolves when the server knows the settings; undefined when it does. */
  settled(): Promise<void> | undefined;
  onConversation(change: Pick<ConversationEvent, 'title' | 'head_id' | 'revision'>): void;
  now(): number;
}

export class SessionCore {
  readonly chat: Chat<ThreadMessage>;
  readonly engine: Engine;
  sendError: SendError | null = null;
  protected readonly options: SessionOptions;
  protected readonly branches: Branches;
  /** What the SDK's "resume" means. */
  protected resuming: string | Command | undefined;
  private readonly subscribers = new Set<() => void>();

  constructor(options: SessionOptions) {
    this.options = options;
    this.engine = options.engine;
    this.branches = new Branches(options, options.history);
    this.chat = new Chat<ThreadMessage>({
      id: options.conversationId,
      messages: options.history,
      transport: createChatTransport(options.engine, {
        keep: (command) => void this.engine.outbox.add(command),
        resuming: () => this.resuming,
        settled: () => options.settled(),
        siblings: (reply) => this.branches.versions.add('assistant', reply),
      }),
      generateId: uuid,
    });
    this.engine.messageQueue.onRefused = (message, error) => this.setSendError(toSendError(message, error));
  }

  subscribeQueue = (listener: () => void): (() => void) => this.engine.messageQueue.subscribe(listener);

  /** The messages behind the running reply. */
  get queued(): readonly QueuedMessage[] {
    return this.engine.messageQueue.list;
  }

  get queueHeld(): boolean {
    return this.engine.messageQueue.isHeld;
  }

  /** Resolves to what a queued message says, or to null when its turn has begun. */
  unqueue(clientId: string): Promise<Written | null> {
    return this.engine.messageQueue.unqueue(clientId);
  }

  /** Calls `listener` when `sendError` has changed. Returns the function that stops it. */
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

  protected body(clientId: string, model?: string): TurnBody {
    const changed = this.options.parameters();
    const parameters = model ? { ...changed, model } : changed;
    return parameters ? { clientId, parameters } : { clientId };
  }

  /** Sends it when the running reply has ended. */
  protected enqueue(message: Written): void {
    if (isEmpty(message)) return;
    this.setSendError(null);
    // Other changes are saved now; the parameters go with the message.
    void this.options.settled();
    this.engine.enqueue({ ...this.body(uuid()), ...message });
  }

  protected change(id: string, metadata: MessageMetadata): void {
    this.chat.messages = this.chat.messages.map((message) =>
      message.id === id ? { ...message, metadata: { ...message.metadata, ...metadata } } : message,
    );
  }

  protected setSendError(error: SendError | null): void {
    if (this.sendError === error) return;
    this.sendError = error;
    for (const subscriber of this.subscribers) subscriber();
  }
}

/** There is nothing in it that could be sent. */
export function isEmpty({ content, attachments }: Written): boolean {
  return !content.trim() && !attachments?.length;
}

export function asTurnError(error: Error | undefined): TurnError {
  if (error instanceof TurnError) return error;
  return new TurnError('internal', strings.errors.page, false);
}
