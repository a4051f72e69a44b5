/** For tests: a session with everything real but the browser and the server. */
import { afterEach, beforeEach, vi } from 'vitest';
import type { Message, Parameters, ServerEvent } from '../protocol';
import { messageText } from '../session/messageText';
import { createEngine } from '../transport/engine';
import {
  AT,
  delta,
  row,
  scripted,
  start,
  userMessage,
  type Script,
} from './scripted';
import { Session } from '../session/session';
import { toThread } from '../session/thread';

/** Lets promises settle and this much (fake) time pass. */
export const pass = (ms = 0) => vi.advanceTimersByTimeAsync(ms);

export const asked = () => row('u1', 'user', { client_id: 'k0', content: 'hi' });
export const answered = (changes: Partial<Message> = {}) =>
  row('a1', 'assistant', { parent_id: 'u1', client_id: 'k0', content: 'One', ...changes });

/** Gives each test of a file a stage of its own, with Vitest's timers. */
export function eachOnAStage(use: (stage: Stage) => void): void {
  let stage: Stage;
  beforeEach(() => {
    vi.useFakeTimers();
    use((stage = new Stage()));
  });
  afterEach(async () => {
    await stage.leave();
    vi.useRealTimers();
  });
}

export class Stage {
  readonly script: Script = scripted();
  /** What the server has, when it is asked. */
  stored: Message[] = [];
  parameters: Parameters | undefined;
  readonly titles: string[] = [];
  /** All branches. */
  tree: Message[] = [];
  /** Which branches were asked to be shown; `onBranch` then makes it so, or throws. */
  readonly heads: string[] = [];
  onBranch: (leafId: string) => void = () => {};
  /** Reading messages takes until this resolves; it returns the messages stored before. */
  reading: Promise<void> | undefined;
  /** How many messages a page holds. */
  pageSize = 1000;
  session!: Session;

  build(history: Message[] = []): void {
    this.stored = history;
    this.session = new Session({
      conversationId: 'c',
      history: toThread(history.slice(-this.pageSize)),
      revision: 0,
      engine: createEngine('c', this.script.edges),
      parameters: () => this.parameters,
      loadMessages: async (before) => {
        const page = this.page(before);
        await this.reading;
        return page;
      },
      loadTree: async () => this.tree,
      showBranch: async (leafId) => {
        this.heads.push(leafId);
        this.onBranch(leafId);
      },
      settled: () => undefined,
      onConversation: ({ title }) => void this.titles.push(title),
      now: () => Date.parse(AT),
    });
  }

  private page(before?: string) {
    const end = before ? this.stored.findIndex(({ id }) => id === before) : this.stored.length;
    const first = Math.max(0, end - this.pageSize);
    return { messages: this.stored.slice(first, end), more: first > 0 };
  }

  /** Shows the conversation, with a socket that is ready. */
  open(history: Message[] = []): void {
    this.build(history);
    this.session.open();
    this.script.socket.ready();
  }

  async leave(): Promise<void> {
    this.session.close();
    await pass();
  }

  tell(...events: ServerEvent[]): void {
    this.script.socket.tell(...events);
  }

  lastFrame(): Record<string, unknown> | undefined {
    return this.script.socket.frames().at(-1) as Record<string, unknown> | undefined;
  }

  sentClientId(): string {
    return String(this.lastFrame()!['client_id']);
  }

  /** The thread: role, text, status. */
  shown() {
    return this.session.chat.messages.map((message) => [
      message.role,
      messageText(message),
      message.metadata?.status,
    ]);
  }

  /** Waits for the connection to come back and to be used. */
  async nextFrame(): Promise<void> {
    await pass(500);
    if (!this.lastFrame()) await this.nextFrame();
  }

  /** Sends, and has it accepted and begun. */
  async begin(content = 'hi'): Promise<string> {
    this.session.send({ content });
    await pass();
    const clientId = this.sentClientId();
    this.tell(
      userMessage('u1', clientId, content),
      start('a1', clientId),
      delta('a1', 0, 'One'),
    );
    await pass();
    return clientId;
  }
}
