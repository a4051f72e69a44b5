/**
 * One open conversation, and what the engine and the AI SDK's chat above it do not settle:
 * refusals, turns begun elsewhere, reading the messages again. No React in here.
 */
import type { ConversationEvent, ToolCall, UserMessageEvent } from '../protocol';
import { isNews } from './callStates';
import { written } from './messageText';
import { uuid } from '../transport/edges';
import type { Command, ForeignEvent, TurnError, TurnEvent, Written } from '../transport/types';
import { asTurnError, isEmpty, SessionCore } from './sessionCore';
import { placeReply, placeUserMessage, type Placed } from './placing';
import {
  isRunningReply,
  isUnaccepted,
  known,
  mergeThread,
  toSendError,
  withoutMessage,
  serverIdOf,
  type ThreadMessage,
} from './thread';

/** Undoes the page's part of a refused request. */
type Undo = (error: TurnError) => void;

export class Session extends SessionCore {
  /** The thread may differ from the stored one: it is read again once nothing runs. */
  private stale = false;
  private unlisten: (() => void)[] = [];
  private opened = false;
  /** How many times the messages are being read at this moment. */
  private reading = 0;
  /** Counts the requests: messages that were read before one are older than its result. */
  private requests = 0;
  /** The end of the shown branch, as the last event had it. */
  private head: string | null = null;
  private revision = this.options.revision;
  /** Any of the shown messages may have been deleted: all of them are read again. */
  private revised = false;

  /** Connects, and follows the reply that runs already, or the calls of the last one. */
  open(): void {
    this.opened = true;
    this.unlisten = [
      this.engine.onForeign((event) => this.onForeign(event)),
      this.engine.onEvent((event) => this.onEvent(event)),
    ];
    const accepted = this.chat.messages.filter((message) => !isUnaccepted(message));
    this.engine.open(new Set(accepted.flatMap(({ metadata }) => metadata?.client_id ?? [])));
    this.followRunning();
  }

  /** Leaves; stops no reply. It may be opened again. */
  close(): void {
    this.opened = false;
    for (const stop of this.unlisten) stop();
    void this.chat.stop();
    this.engine.close();
  }

  /** Sends a message; while a reply runs, or others are queued, to the end of the queue. */
  send(message: Written): void {
    if (this.busy || this.engine.messageQueue.willSend) this.enqueue(message);
    else this.say(message, this.chat.messages);
  }

  /** Replaces an own message: a new branch beside it. */
  edit(messageId: string, message: Written): void {
    const before = this.chat.messages;
    const index = before.findIndex(({ id }) => id === messageId);
    const parentId = before[index]?.metadata?.parent_id;
    if (parentId !== undefined) this.say(message, before.slice(0, index), parentId);
  }

  private say(message: Written, after: ThreadMessage[], parentId?: string | null): void {
    if (this.busy || isEmpty(message)) return;
    const clientId = uuid();
    const before = this.chat.messages;
    if (after !== before) this.chat.messages = after;
    const below = parentId === undefined ? {} : { parentId };
    const createdAt = new Date(this.options.now()).toISOString();
    void this.ask(
      () =>
        this.chat.sendMessage(
          {
            id: clientId,
            role: 'user',
            parts: [{ type: 'text', text: message.content }],
            metadata: {
              ...known({ attachments: message.attachments && [...message.attachments] }),
              status: 'sending',
              client_id: clientId,
              created_at: createdAt,
            },
          },
          { body: { ...this.body(clientId), ...below } },
        ),
      (error) => {
        if (error.refused && after !== before) this.chat.messages = before;
        this.onSendFailed(clientId, message, error);
      },
    );
  }

  /** Another reply in the place of this one; `model` is for this reply alone. */
  regenerate(messageId: string, model?: string): void {
    const before = this.chat.messages;
    if (this.busy || !before.some(({ id, role }) => id === messageId && role === 'assistant')) return;
    void this.ask(
      () => this.chat.regenerate({ messageId, body: this.body(uuid(), model) }),
      (error) => {
        this.chat.messages = before;
        this.setSendError(toSendError({ content: '' }, error));
        if (!error.refused) this.stale = true;
      },
    );
  }

  /** Goes on with a reply that was cut: another one below it. */
  goOn(messageId: string): void {
    const last = this.chat.messages.at(-1);
    if (this.busy || last?.id !== messageId || last.role !== 'assistant') return;
    const clientId = uuid();
    this.resume({ ...this.body(clientId), clientId, messageId, goOn: true }, (error) => {
      this.setSendError(toSendError({ content: '' }, error));
      if (!error.refused) this.stale = true;
    });
  }

  /** A never accepted message: the same client id again. A given up reply: on with it. Else anew. */
  retry(messageId: string): void {
    const message = this.chat.messages.find(({ id }) => id === messageId);
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
    const clientId = message.metadata?.client_id;
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
      (failure) => this.onSendFailed(message.id, written(message), failure),
    );
  }

  // Branches and what came before ---------------------------------------------------------------

  /**
   * Shows the newest branch behind a version (the server's id of it).
   *
   * Resolves to false when it cannot be shown now; then nothing has changed.
   */
  modelOf(versionId: string): string | undefined {
    return this.branches.versions.modelOf(versionId);
  }

  async show(versionId: string): Promise<boolean> {
    if (this.busy) return false;
    return this.branches.turnTo(versionId, () => this.resync(versionId));
  }

  /** There are messages before the first one in the thread. */
  get hasOlder(): boolean {
    return Boolean(this.chat.messages[0]?.metadata?.parent_id);
  }

  /** Shows one more page of what came before. */
  async loadOlder(): Promise<boolean> {
    const first = this.chat.messages[0];
    if (!first || !this.hasOlder) return false;
    const older = await this.branches.older(first);
    // Meanwhile another branch may be shown.
    if (!this.opened || this.chat.messages[0]?.id !== first.id || older.length === 0) return false;
    this.chat.messages = [...older, ...this.chat.messages];
    return true;
  }

  /** A message was deleted or restored from here: the event of it may come late, or never. */
  revise(deleted?: string): void {
    if (deleted && !this.busy) this.drop(deleted);
    this.reread();
  }

  /** Keeps what the reader thinks of a reply. */
  rated(messageId: string, value: number, comment: string): void {
    this.chat.messages = this.chat.messages.map((message) => {
      if (message.id !== messageId) return message;
      const { rating: _, ...metadata } = message.metadata ?? {};
      const rating = value === 1 || value === -1 ? { rating: { value, comment } as const } : {};
      return { ...message, metadata: { ...metadata, ...rating } };
    });
  }

  // Requests ------------------------------------------------------------------------------------

  private async ask(request: () => Promise<void>, undo: Undo): Promise<void> {
    this.requests += 1;
    this.setSendError(null);
    await request();
    this.settle(undo);
  }

  private resume(what: string | Command, undo: Undo = () => {}): void {
    this.requests += 1;
    this.resuming = what;
    if (typeof what === 'object') this.setSendError(null);
    void this.chat.resumeStream().then(() => this.settle(undo));
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
    else if (!this.busy) this.checkHead();
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

  private onSendFailed(id: string, unsent: Written, error: TurnError): void {
    const { code, message } = error;
    if (error.refused) {
      this.chat.messages = this.chat.messages.filter((own) => own.id !== id);
      this.setSendError(toSendError(unsent, error));
    } else {
      this.change(id, { status: 'failed', error: { code, message, retryable: true } });
    }
  }

  // What happens elsewhere ----------------------------------------------------------------------

  private onEvent(event: TurnEvent): void {
    if (event.type === 'user_message' || event.type === 'message_start') this.branches.grow(event);
    if (event.type === 'conversation') this.onConversation(event);
    if (event.type === 'user_message') this.onUserMessage(event);
    if (event.type === 'tool_call') this.called(event.id, event.call);
  }

  /**
   * Shows the new state of a tool call; one that is known to be further is left as it is.
   *
   * @param decided the call as it asked for the decision that this answers
   */
  called(serverId: string, call: ToolCall, decided?: ToolCall): void {
    const message = this.chat.messages.find((one) => serverIdOf(one) === serverId);
    const calls = message?.metadata?.tool_calls;
    const shown = calls?.find(({ id }) => id === call.id);
    if (!message || !calls || !shown || !isNews(shown, call, decided)) return;
    this.change(message.id, { tool_calls: calls.map((other) => (other === shown ? call : other)) });
    this.engine.followCalls(serverId);
  }

  /** Another tab may have turned to another branch. */
  private onConversation(event: ConversationEvent): void {
    this.options.onConversation(event);
    this.head = event.head_id;
    if (!this.isRevised(event)) return this.busy ? undefined : this.checkHead();
    if (event.deleted && !this.busy) this.drop(event.deleted);
    this.reread();
  }

  private drop(serverId: string): void {
    this.chat.messages = withoutMessage(this.chat.messages, serverId);
  }

  /** Was a message deleted or restored? */
  private isRevised({ revision }: ConversationEvent): boolean {
    const before = this.revision;
    if (revision === undefined) return false;
    this.revision = revision;
    return before !== undefined && revision > before;
  }

  /** Reads every shown message again, once nothing runs. */
  private reread(): void {
    this.branches.forget();
    this.revised = true;
    this.stale = true;
    if (!this.busy) void this.resync();
  }

  private checkHead(): void {
    const last = this.chat.messages.findLast((message) => !isUnaccepted(message));
    const isShown = this.head === null || (last && serverIdOf(last) === this.head);
    if (isShown || this.branches.switching || this.head === this.engine.runningId) return;
    this.stale = true;
    void this.resync();
  }

  private onUserMessage(event: UserMessageEvent): void {
    const versions = this.branches.versions.add('user', event);
    this.place(placeUserMessage(this.chat.messages, event, versions));
  }

  private onForeign(event: ForeignEvent): void {
    if (event.type === 'stale') {
      // Messages may have been deleted meanwhile.
      this.reread();
    } else if (event.type === 'message_start') {
      const placed = placeReply(this.chat.messages, event);
      if (placed.stale && !this.busy) {
        // Its question was sent elsewhere while this page was not connected: read that first.
        if (!this.reading) void this.resync();
        return;
      }
      this.place(placed);
      if (!this.busy) this.resume(event.id);
    }
  }

  private place({ messages, stale }: Placed): void {
    if (messages !== this.chat.messages) this.chat.messages = messages;
    if (stale) this.stale = true;
  }

  /** Reads the messages again and shows them; on a failure the thread stays as it is. Then it
   * follows the running reply. */
  private async resync(until?: string): Promise<void> {
    const { requests } = this;
    this.stale = false;
    this.head = null;
    this.reading += 1;
    const { revised } = this;
    this.revised = false;
    const first = revised ? this.chat.messages.find((message) => !isUnaccepted(message)) : undefined;
    const stored = await this.branches.readBack(until ?? (first && serverIdOf(first))).catch(() => null);
    this.reading -= 1;
    if (!this.opened) return;
    if (revised && (!stored || this.busy || requests !== this.requests)) this.revised = true;
    if (!stored) {
      this.stale = true;
      this.followRunning();
      return;
    }
    if (this.busy) {
      this.stale = true;
      return;
    }
    if (requests !== this.requests) return this.resync(until);
    this.chat.messages = mergeThread(this.chat.messages, stored);
    this.followRunning();
  }

  private followRunning(): void {
    const last = this.chat.messages.at(-1);
    const running = isRunningReply(last) ? last!.id : this.engine.runningId;
    if (running && !this.busy) this.resume(running);
    if (last?.metadata?.next) this.engine.followCalls(serverIdOf(last));
  }
}
