/** A finished message is not drawn again while somebody types and while another reply streams. */
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { act, fireEvent, render, screen } from '@testing-library/react';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Conversation } from '../protocol';
import { toThread } from '../session/thread';
import { conversationKey, modelsKey } from '../state/queries';
import { strings } from '../strings';
import { AT, delta, row, scripted, start, userMessage, type Script } from '../testing/scripted';
import { pass } from '../testing/stage';
import { Thread } from './Thread';

let script: Script;
const drawn: string[] = [];

vi.mock('../transport/edges', async (original) => ({
  ...(await original<typeof import('../transport/edges')>()),
  get browserEdges() {
    return script.edges;
  },
}));
vi.mock('./markdown/load', () => ({
  useLateMarkdown: () => false,
  loadMarkdown: async () => undefined,
  LazyMarkdown: ({ text }: { text: string }) => {
    drawn.push(text);
    return <p>{text}</p>;
  },
}));
vi.mock('./ui/Literal', () => ({
  Literal: ({ text }: { text: string }) => {
    drawn.push(text);
    return text;
  },
}));

const CONVERSATION: Conversation = {
  id: 'c',
  title: 'T',
  head_id: 'a0',
  settings: {},
  pinned: false,
  archived: false,
  running: false,
  created_at: AT,
  updated_at: AT,
  message_count: 2,
};
const HISTORY = toThread([
  row('u0', 'user', { content: 'The question' }),
  row('a0', 'assistant', { parent_id: 'u0', content: 'The answer' }),
]);
/** How often the two finished messages were drawn. */
const count = () => drawn.filter((text) => text.startsWith('The ')).length;

beforeEach(() => {
  vi.useFakeTimers();
  script = scripted();
  drawn.length = 0;
});

afterEach(() => void vi.useRealTimers());

async function show(): Promise<void> {
  const client = new QueryClient();
  client.setQueryData(conversationKey('c'), CONVERSATION);
  client.setQueryData(modelsKey, { provider: 'echo', default: 'echo', error: null, notice: null, results: [] });
  render(
    <QueryClientProvider client={client}>
      <Thread conversation={CONVERSATION} history={HISTORY} startFresh={async () => undefined} />
    </QueryClientProvider>,
  );
  await act(async () => {
    script.socket.ready();
    await pass(1_000);
  });
}

const type = (text: string) =>
  fireEvent.change(screen.getByRole('textbox', { name: strings.composer.label }), { target: { value: text } });

test('no key draws a finished message again', async () => {
  await show();
  expect(count()).toBeGreaterThan(0);
  const before = count();
  for (const text of ['a', 'ab', 'abc']) type(text);
  expect(screen.getByDisplayValue('abc')).toBeTruthy();
  expect(count()).toBe(before);
});

test('no delta draws a finished message again', async () => {
  await show();
  type('Next');
  fireEvent.click(screen.getByRole('button', { name: strings.composer.send }));
  await act(() => pass(100));
  const frame = script.socket.frames().find(({ type: kind }) => kind === 'user_message');
  const clientId = frame && 'client_id' in frame ? frame.client_id : '';
  await act(async () => {
    script.socket.tell(userMessage('u1', clientId, 'Next'), start('a1', clientId), delta('a1', 0, 'word0'));
    await pass(100);
  });
  const before = count();
  for (const [index, words] of ['word0 word1', 'word0 word1 word2'].entries()) {
    // oxlint-disable-next-line no-await-in-loop -- one delta after the other
    await act(async () => {
      script.socket.tell(delta('a1', index + 1, ` word${index + 1}`));
      await pass(100);
    });
    expect(drawn.at(-1)).toBe(words);
  }
  expect(count()).toBe(before);
});
