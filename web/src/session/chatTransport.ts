/**
 * The thin layer between the engine and the AI SDK's `useChat`: events → UI message chunks.
 *
 * What the SDK must not see: a second `start` with another id (it would make a second message),
 * a stream that merely closes (it counts as complete), and aborts as "the user pressed stop" (a
 * superseded resume aborts too: stop is a command of its own).
 */
import type { ChatTransport, UIMessageChunk } from 'ai';
import { written } from './messageText';
import { known, type MessageMetadata, type ThreadMessage } from './thread';
import type { Parameters } from '../protocol';
import type { Engine } from '../transport/engine';
import type { Command, TurnEvent } from '../transport/types';

export type ThreadChunk = UIMessageChunk<MessageMetadata>;

/** The SDK's `body` of a request. */
export interface TurnBody {
  clientId: string;
  /** What a message answers, where that is not the conversation's head. */
  parentId?: string | null;
  parameters?: Parameters;
}

/** What the transport asks of the session around it. */
export interface Surroundings {
  /** Keeps a command until the server has it. */
  keep(command: Command): void;
  /** What the SDK's "resume" means: a running reply, a turn that adds a reply, or whatever runs. */
  resuming(): string | Command | undefined;
  /** Resolves when the server has heard of everything that a turn is to build on. */
  settled(): Promise<void> | undefined;
  /** The ids of all versions of a reply that begins, where there are several. */
  siblings(reply: { id: string; parent_id: string | null; model: string | null }): string[] | undefined;
}

const ALONE: Surroundings = {
  keep: () => undefined,
  resuming: () => undefined,
  settled: () => undefined,
  siblings: () => undefined,
};

type Doors = Pick<Engine, 'turn' | 'attach'>;

export function createChatTransport(
  engine: Doors,
  around: Surroundings = ALONE,
): ChatTransport<ThreadMessage> {
  return {
    // A resumed stream begins with a snapshot: the reply so far, not only the missing part.
    resumeStreamIsReplay: true,
    async sendMessages({ trigger, messages, messageId, body }) {
      const { clientId, parentId, parameters } = body as TurnBody;
      const given = parameters ? { parameters } : {};
      const below = parentId === undefined ? {} : { parentId };
      const last = messages.at(-1);
      const command: Command =
        trigger === 'regenerate-message'
          ? { clientId, messageId: messageId!, ...given }
          : { clientId, ...(last ? written(last) : { content: '' }), ...below, ...given };
      const settling = around.settled();
      if (settling) {
        around.keep(command);
        await settling;
      }
      return engine.turn(command).pipeThrough(toChunks(around.siblings));
    },
    async reconnectToStream() {
      const what = around.resuming();
      const settling = typeof what === 'object' ? around.settled() : undefined;
      if (settling) await settling;
      const stream = typeof what === 'object' ? engine.turn(what) : engine.attach(what);
      return stream?.pipeThrough(toChunks(around.siblings)) ?? null;
    },
  };
}

/** One turn's events → the chunks of one assistant message. An error of the turn is passed on. */
export function toChunks(
  siblings: Surroundings['siblings'] = ALONE.siblings,
): TransformStream<TurnEvent, ThreadChunk> {
  const unlimited = { highWaterMark: Number.MAX_SAFE_INTEGER };
  let writer: ChunkWriter;
  return new TransformStream<TurnEvent, ThreadChunk>(
    {
      start: (controller) => {
        writer = new ChunkWriter((chunk) => controller.enqueue(chunk), siblings);
      },
      transform: (event) => writer.tell(event),
    },
    unlimited,
    unlimited,
  );
}

type Kind = 'text' | 'reasoning';

class ChunkWriter {
  private readonly write: (chunk: ThreadChunk) => void;
  private readonly siblings: Surroundings['siblings'];
  private begun = false;
  /** What the SDK's message holds, by kind. */
  private shown: Record<Kind, string> = { text: '', reasoning: '' };
  /** The open part of each kind. */
  private open: Record<Kind, string | null> = { text: null, reasoning: null };
  private parts = 0;

  constructor(write: (chunk: ThreadChunk) => void, siblings: Surroundings['siblings']) {
    this.write = write;
    this.siblings = siblings;
  }

  tell(event: TurnEvent): void {
    if (!this.begun && event.type !== 'message_start') return;
    switch (event.type) {
      case 'message_start':
        this.begin(event);
        this.show(event.content, event.reasoning);
        break;
      case 'status': {
        const position = event.position ?? 0;
        this.write({
          type: 'message-metadata',
          messageMetadata: {
            phase: event.phase,
            since: event.since,
            position,
            ...(event.phase === 'stopping' ? { status: 'stopping' } : {}),
          },
        });
        break;
      }
      case 'delta':
        this.append('text', event.content_chunk);
        break;
      case 'reasoning_delta':
        this.append('reasoning', event.content_chunk);
        break;
      case 'message_end':
        this.end(event);
        break;
    }
  }

  private begin(event: TurnEvent & { type: 'message_start' }): void {
    if (this.begun) return;
    this.begun = true;
    const { type: _, id, role: _role, seq: _seq, content: _content, reasoning: _reasoning, ...fields } = event;
    const { parent_id, viaRest = false, ...others } = fields;
    const siblings = this.siblings(event);
    this.write({
      type: 'start',
      messageId: id,
      messageMetadata: {
        ...known(others),
        status: 'streaming',
        parent_id,
        viaRest,
        ...(siblings ? { sibling_ids: siblings } : {}),
      },
    });
    this.write({ type: 'start-step' });
  }

  /** Makes the message hold exactly this. What only grew is appended: nothing flickers. */
  private show(text: string, reasoning: string): void {
    const grown = text.startsWith(this.shown.text) && reasoning.startsWith(this.shown.reasoning);
    if (!grown) {
      this.write({ type: 'reset-step' });
      this.shown = { text: '', reasoning: '' };
      this.open = { text: null, reasoning: null };
    }
    this.append('reasoning', reasoning.slice(this.shown.reasoning.length));
    this.append('text', text.slice(this.shown.text.length));
  }

  private append(kind: Kind, delta: string): void {
    if (!delta) return;
    // The answer has begun: the thoughts are finished (later ones make a part of their own).
    if (kind === 'text') this.close('reasoning');
    let id = this.open[kind];
    if (!id) {
      id = this.open[kind] = `${kind}-${(this.parts += 1)}`;
      this.write({ type: `${kind}-start`, id });
    }
    this.shown[kind] += delta;
    this.write({ type: `${kind}-delta`, id, delta });
  }

  private close(kind: Kind): void {
    const id = this.open[kind];
    this.open[kind] = null;
    if (id) this.write({ type: `${kind}-end`, id });
  }

  private end(event: TurnEvent & { type: 'message_end' }): void {
    this.show(event.full_content, this.shown.reasoning);
    this.close('reasoning');
    this.close('text');
    this.write({ type: 'finish-step' });
    const { type: _, id: _id, seq: _seq, full_content: _text, ...fields } = event;
    // After a fallback, model and provider are others than those with which it began.
    this.write({ type: 'finish', messageMetadata: known(fields) });
  }
}
