/**
 * A small server that keeps the contract, a network that keeps nothing, and the engine between
 * them: whatever is cut, held or refused, every reply is complete, and none is made twice.
 */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { ClientFrame } from '../protocol';
import { createEngine } from './engine';
import {
  collect,
  delta,
  end,
  generated,
  row,
  scripted,
  start,
  textAfter,
  userMessage,
  type Script,
  type ScriptedCall,
  type ScriptedSocket,
} from '../testing/scripted';

const WORDS = Array.from({ length: 40 }, (_, index) => `word${index} `);
const WORD_MS = 100;

/** One conversation of a server; replies go on by themselves, in time. */
class Server {
  clientId: string | null = null;
  generations = 0;
  made = 0;
  private readonly random: () => number;
  private readonly sockets = new Set<ScriptedSocket>();
  private readonly waiting = new Set<() => void>();

  constructor(random: () => number) {
    this.random = random;
  }

  get ended(): boolean {
    return this.made === WORDS.length;
  }

  get text(): string {
    return WORDS.slice(0, this.made).join('');
  }

  begin(clientId: string): void {
    if (this.clientId === clientId) return;
    this.clientId = clientId;
    this.generations += 1;
    const tick = () => {
      this.made += 1;
      const from = this.made - 1;
      for (const socket of this.sockets) {
        // A socket that loses or repeats frames would be our own fault; that is repaired, too.
        const copies = this.random() < 0.9 ? 1 : this.random() < 0.5 ? 0 : 2;
        for (let copy = 0; copy < copies; copy += 1) socket.tell(delta('a1', from, WORDS[from]!));
      }
      if (this.ended) {
        for (const socket of this.sockets) socket.tell(end('a1', this.text));
        for (const resume of this.waiting) resume();
      } else setTimeout(tick, WORD_MS);
    };
    setTimeout(tick, WORD_MS);
  }

  connect(socket: ScriptedSocket): void {
    socket.onFrame = (frame) => this.hear(socket, frame);
    socket.ready();
    if (this.clientId && !this.ended) this.snapshot(socket);
    this.sockets.add(socket);
  }

  private hear(socket: ScriptedSocket, frame: ClientFrame): void {
    if (frame.type === 'heartbeat') return socket.tell({ type: 'heartbeat' });
    if (frame.type === 'user_message') {
      this.begin(frame.client_id);
      socket.tell(userMessage('u1', frame.client_id, frame.content));
    }
    this.snapshot(socket);
    if (this.ended) socket.tell(end('a1', this.text));
  }

  private snapshot(socket: ScriptedSocket): void {
    socket.tell(start('a1', this.clientId, this.text, this.made));
  }

  answer(call: ScriptedCall): void {
    if (call.path.endsWith('/generate/')) {
      this.begin(String(call.body!['client_id']));
      const reply = () => call.answer(200, generated(this.clientId!, this.text));
      if (this.ended) reply();
      else this.waiting.add(reply);
    } else if (call.path.endsWith('/messages/a1/')) {
      const status = this.ended ? 'completed' : 'streaming';
      call.answer(200, row('a1', 'assistant', { content: this.text, status }));
    } else {
      call.answer(200, { id: 'c', title: 'T', head_id: 'a1' });
    }
  }
}

/** A small seeded generator (mulberry32), so that a failure can be run again. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** What the network does to a socket: refuses it, swallows it, cuts it, or drops frames silently. */
function wreck(script: Script, server: Server, random: () => number): void {
  script.onSocket = (socket) => {
    const fate = random();
    const later = (ms: number, act: () => void) => setTimeout(() => !socket.closed && act(), ms);
    if (fate < 0.2) later(20, () => socket.die());
    else if (fate > 0.3) {
      later(20, () => server.connect(socket));
      if (fate < 0.7) later(20 + random() * 6_000, () => socket.die(random() < 0.5 ? 1006 : 1012));
      else if (fate < 0.85) {
        // Half-open: nothing arrives from now on, and no close event tells.
        later(20 + random() * 3_000, () => {
          socket.tell = () => {};
        });
      }
    }
  };
  script.onCall = (call) => {
    if (random() < 0.3) setTimeout(() => call.fail(), random() * 500);
    else setTimeout(() => server.answer(call), random() * 200);
  };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test.each(Array.from({ length: 300 }, (_, index) => index + 1))('seed %i', async (seed) => {
  const random = randomOf(seed);
  const script = scripted();
  const server = new Server(random);
  wreck(script, server, random);
  const engine = createEngine('c', { ...script.edges, random });
  engine.open();
  await vi.advanceTimersByTimeAsync(random() * 4_000);
  const isOurs = random() < 0.7;
  if (!isOurs) server.begin('k1');
  const turn = collect(
    isOurs ? engine.turn({ clientId: 'k1', content: 'hi' }) : engine.attach('a1')!,
  );
  await vi.advanceTimersByTimeAsync(110_000);
  expect(turn.error).toBeUndefined();
  expect(turn.done).toBe(true);
  const whole = WORDS.join('');
  expect(turn.text()).toBe(whole);
  turn.events.forEach((_, index) => {
    const shown = textAfter(turn.events.slice(0, index + 1));
    expect(whole.startsWith(shown), `"${shown}" is no beginning`).toBe(true);
  });
  expect(turn.events.filter((event) => event.type === 'message_end')).toHaveLength(1);
  expect(server.generations).toBe(1);
  engine.close();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(vi.getTimerCount()).toBe(0);
});
