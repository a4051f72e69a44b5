/**
 * The contract between events and GET, on what is rendered: a thread that came by the events of a
 * socket looks as the stored messages do, whether they were read again or not.
 */
import { act, cleanup, render, screen } from '@testing-library/react';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Message, ServerEvent } from '../protocol';
import { toThread, type ThreadMessage } from '../session/thread';
import { pass, Stage } from '../testing/stage';
import { row } from '../testing/scripted';
import { markdownSettled } from './markdown/load';
import { Actions, type ThreadActions } from './thread/actions';
import { MessageList } from './thread/MessageList';

/** Shared with the server's tests: what its sockets send, and what its GET must then return. */
interface Transcript {
  name: string;
  /** Replies for which a `follow` has to be sent, in order. */
  follows?: string[];
  events: ServerEvent[];
  messages: Partial<Message>[];
}

const transcripts = Object.values(
  import.meta.glob<Transcript>('../../../tests/transcripts/*.json', { eager: true, import: 'default' }),
);

const nothing = () => {};
const actions: ThreadActions = {
  busy: false,
  models: { list: undefined, loading: false, failed: false, reload: nothing } as unknown as ThreadActions['models'],
  editing: null,
  startEdit: nothing,
  endEdit: nothing,
  edit: nothing,
  regenerate: nothing,
  decide: () => Promise.resolve(),
  retryWith: nothing,
  goOn: nothing,
  raise: nothing,
  show: async () => false,
  remove: nothing,
  fork: nothing,
  rate: nothing,
  modelOf: () => undefined,
};

/** The text of every message, as a reader sees it. */
async function drawn(messages: ThreadMessage[]): Promise<string[]> {
  const list = (
    <Actions value={actions}>
      <MessageList messages={messages} busy={false} mode="socket" onRetry={nothing} hasOlder={false} loadOlder={async () => false} />
    </Actions>
  );
  await act(async () => render(list));
  const texts = screen.queryAllByRole('article').map((article) => `${article.getAttribute('aria-label')}: ${article.textContent}`);
  cleanup();
  return texts;
}

/** What `GET …/messages/?branch=head` returns: the way from the root to the last message. */
function shownBranch(messages: Partial<Message>[]): Message[] {
  const rows = messages.map((message) => row(message.id!, message.role as 'user', message));
  for (const one of rows) {
    const siblings = rows.filter(({ parent_id, role }) => parent_id === one.parent_id && role === one.role);
    one.sibling_ids = siblings.map(({ id }) => id);
  }
  const branch: Message[] = [];
  for (let at = rows.at(-1); at; at = rows.find(({ id }) => id === branch[0]!.parent_id)) branch.unshift(at);
  return branch;
}

async function play(events: ServerEvent[], stored: Message[]): Promise<Stage> {
  const stage = new Stage();
  stage.build();
  stage.stored = stored;
  stage.session.open();
  for (const event of events) {
    stage.tell(event);
    // oxlint-disable-next-line no-await-in-loop -- one event after the other
    await pass();
  }
  return stage;
}

/** A second `ready` is a new socket, after which the page reads the messages again. */
const reconnects = ({ events }: Transcript) => events.filter(({ type }) => type === 'ready').length > 1;
const named = (some: Transcript[]) => some.map((one) => [one.name, one] as const);

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('there are transcripts', () => expect(transcripts.length).toBeGreaterThan(8));

describe.each(named(transcripts))('%s', (_name, transcript) => {
  const { events, messages } = transcript;
  const branch = shownBranch(messages);

  test.each([
    // Where nothing makes the page read again, this server has nothing to read.
    ['once', events, reconnects(transcript) ? branch : []],
    ['twice', [...events, ...events], branch],
  ])('told %s', async (_times, told, stored) => {
    const stage = await play(told, stored);
    const shown = stage.session.chat.messages;
    await stage.leave();
    vi.useRealTimers();
    await markdownSettled();
    const expected = await drawn(toThread(branch));
    expect(expected).toHaveLength(branch.length);
    branch.forEach(({ content }, index) => expect(expected[index]).toContain(content.trim()));
    expect(await drawn(shown)).toEqual(expected);
  });
});

test.each(named(transcripts.filter((one) => !reconnects(one))))(
  'a snapshot is asked for where the log has a hole, and nowhere else: %s',
  async (_name, { events, follows = [] }) => {
    const stage = await play(events, []);
    const sent = stage.script.socket.frames();
    await stage.leave();
    expect(sent).toEqual(follows.map((id) => ({ type: 'follow', id })));
  },
);
