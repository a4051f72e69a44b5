import { expect, test } from 'vitest';
import type { CallState, Message, ToolCall } from '../protocol';
import { RestDoor } from './rest';
import type { Edges, TurnEvent } from './types';

const call = (state: CallState): ToolCall => ({ id: 'c', server: 'wiki', name: 'search', arguments: {}, state });
const asking = (state: CallState, next: Message['next']) =>
  ({ id: 'a', role: 'assistant', parent_id: 'q', tool_calls: [call(state)], next }) as Message;
const following = { id: 'b', role: 'assistant', parent_id: 'a', status: 'streaming' } as Message;

/** A server whose answers about the asking reply follow one another; the last one stays. */
function door(answers: (Message | Error)[], head: string) {
  const api = {
    message: async (id: string) => {
      if (id === 'b') return following;
      const answer = answers.length > 1 ? answers.shift()! : answers[0]!;
      if (answer instanceof Error) throw answer;
      return answer;
    },
    conversation: async () => ({ head_id: head }),
  };
  const edges = { api, setTimeout: (work: () => void) => setTimeout(work, 0), clearTimeout } as unknown as Edges;
  return new RestDoor('k', edges, () => undefined);
}

test('calls are read until the next reply follows, also where one read fails', async () => {
  const told: TurnEvent[] = [];
  const answers = [asking('asked', 'decision'), new TypeError('no network'), asking('running', 'tools'), asking('done', null)];
  const next = await door(answers, 'b').followCalls('a', new AbortController().signal, (event) => told.push(event));
  expect(next).toBe(following);
  expect(told.map((event) => event.type === 'tool_call' && event.call.state)).toEqual(['asked', 'running', 'done']);
});

test('a turn that was stopped is not waited for', async () => {
  const next = await door([asking('cancelled', null)], 'a').followCalls('a', new AbortController().signal, () => undefined);
  expect(next).toBeNull();
});

test('nothing is read once the socket is back', async () => {
  const abort = new AbortController();
  const reading = door([asking('asked', 'decision')], 'a').followCalls('a', abort.signal, () => abort.abort());
  expect(await reading).toBeNull();
});
