import { act, fireEvent, render, screen, waitFor } from '@testing-library/react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ThreadMessage } from '../../session/thread';
import { strings } from '../../strings';
import type { ConnectionMode } from '../../transport/types';
import { announce, Announcer } from '../ui/announce';
import { ClearChat } from '../dialogs/ClearChat';
import { ConnectionNote } from './ConnectionNote';
import { phaseWords, SilenceNote } from './StreamingIndicator';
import { TokenCountMeter } from '../composer/TokenCountMeter';
import { useReplyAnnouncements } from './useReplyAnnouncements';

afterEach(() => {
  vi.useRealTimers();
  announce('');
});

describe('ConnectionNote', () => {
  function show(mode: ConnectionMode) {
    render(<ConnectionNote connection={{ mode, since: Date.now() }} onSignedIn={() => {}} onDetails={() => {}} />);
  }

  it('says nothing when all is well', () => {
    show('socket');
    expect(screen.queryByRole('status')).toBeNull();
  });

  it('says at once that replies arrive whole', () => {
    show('rest');
    expect(screen.getByText(strings.connection.rest)).toBeTruthy();
  });

  it('speaks of reconnecting only after a second', () => {
    vi.useFakeTimers();
    show('reconnecting');
    expect(screen.queryByRole('status')).toBeNull();
    act(() => vi.advanceTimersByTime(1000));
    expect(screen.getByText(strings.connection.reconnecting)).toBeTruthy();
  });

  it('leads to sign-in and back', () => {
    show('signed_out');
    const link = screen.getByRole<HTMLAnchorElement>('link', { name: strings.connection.signIn });
    expect(link.getAttribute('href')).toMatch(/^\/signin\/\?next=/);
  });
});

describe('phaseWords', () => {
  it.each([
    [{ status: 'sending' }, 'nothing', strings.phase.sending],
    [{ phase: 'queued', position: 2 }, 'nothing', 'Queued, number 2'],
    [{ phase: 'loading' }, 'nothing', strings.phase.loading],
    [{ phase: 'prompt_eval' }, 'nothing', strings.phase.prompt_eval],
    [{ phase: 'generating' }, 'reasoning', strings.phase.thinking],
    [{ phase: 'generating' }, 'text', strings.phase.writing],
    [{ phase: 'stopping' }, 'text', strings.phase.stopping],
  ] as const)('%o with %s is “%s”', (metadata, has, words) => {
    expect(phaseWords(metadata, has)).toBe(words);
  });
});

describe('SilenceNote', () => {
  beforeEach(() => void vi.useFakeTimers());

  const after = (seconds: number) => act(() => vi.advanceTimersByTime(seconds * 1000));

  it('says for how long nothing has come, after a minute, until something comes', () => {
    const view = render(<SilenceNote metadata={{ phase: 'generating' }} progress={5} />);
    after(59);
    expect(view.container.textContent).toBe('');
    after(16);
    expect(view.container.textContent).toBe(strings.phase.silent('75'));
    view.rerender(<SilenceNote metadata={{ phase: 'generating' }} progress={6} />);
    expect(view.container.textContent).toBe('');
  });

  it.each(['queued', 'loading', 'stopping'] as const)('says nothing while the phase is %s', (phase) => {
    const view = render(<SilenceNote metadata={{ phase }} progress={0} />);
    after(120);
    expect(view.container.textContent).toBe('');
  });
});

describe('TokenCountMeter', () => {
  const reply = (metadata: ThreadMessage['metadata'], text = ''): ThreadMessage[] => [
    { id: 'r', role: 'assistant', parts: [{ type: 'text', text }], metadata },
  ];

  it('shows what the provider counted and how full the window is', () => {
    const tokens = { prompt: 10, completion: 90, total: 100, source: 'provider' } as const;
    render(
      <TokenCountMeter messages={reply({ status: 'completed', tokens })} draft="" maxTokens={512} model={null} window={1000} />,
    );
    expect(screen.getByRole('group').textContent).toBe('Prompt 10 · Reply 90 · Total 100 · 10%');
  });

  it('estimates while a reply is being written, and says so', () => {
    render(
      <TokenCountMeter
        messages={reply({ status: 'streaming' }, 'x'.repeat(40))}
        draft=""
        maxTokens={512}
        model={null}
        window={null}
      />,
    );
    expect(screen.getByRole('group').textContent).toMatch(/^≈ .*Reply 10/);
  });

  it('stays with the last reply that a model was asked for', () => {
    const asked = { prompt: 10, completion: 90, total: 100, source: 'provider' } as const;
    const refused = { prompt: 0, completion: 0, total: 0, source: 'estimated' } as const;
    const [first] = reply({ status: 'completed', tokens: asked });
    const [last] = reply({ status: 'failed', tokens: refused });
    const messages = [first, { ...last, id: 's' }] as ThreadMessage[];
    render(<TokenCountMeter messages={messages} draft="" maxTokens={512} model={null} window={null} />);
    expect(screen.getByRole('group').textContent).toBe('Prompt 10 · Reply 90 · Total 100');
  });

  it.each([
    [5000, [], strings.meter.tooLong('1,000')],
    [2400, [], strings.meter.shortReply],
    [2400, reply({ status: 'completed', tokens: { prompt: 1, completion: 1, total: 2, source: 'provider' } }), strings.meter.willDrop],
  ])('warns in words before %i characters are sent that do not fit: %#', (length, messages, words) => {
    render(<TokenCountMeter messages={messages} draft={'x'.repeat(length)} maxTokens={512} model={null} window={1000} />);
    expect(screen.getByRole('status').textContent).toBe(words);
  });

  it('takes the window that the server used, unless another model is chosen now', () => {
    const tokens = { prompt: 10, completion: 90, total: 100, source: 'provider' } as const;
    const context = { window: 500, prompt_tokens: 10, dropped_messages: 0 };
    const messages = reply({ status: 'completed', tokens, context, model: 'llama3.2:latest' });
    const of = (model: string) => (
      <TokenCountMeter messages={messages} draft="" maxTokens={512} model={model} window={1000} />
    );
    const { rerender } = render(of('llama3.2'));
    expect(screen.getByRole('group').textContent).toContain('20%');
    rerender(of('other'));
    expect(screen.getByRole('group').textContent).toContain('10%');
  });
});

describe('ClearChat', () => {
  it('has the focus on Cancel', () => {
    render(<ClearChat running={false} onConfirm={vi.fn()} onClose={vi.fn()} />);
    expect(document.activeElement?.textContent).toBe(strings.clear.cancel);
  });

  it('stays, and says why, when the fresh conversation could not be made', async () => {
    const onClose = vi.fn();
    render(
      <ClearChat running onConfirm={() => Promise.reject(new Error('No connection.'))} onClose={onClose} />,
    );
    fireEvent.click(screen.getByRole('button', { name: strings.clear.confirm }));
    await waitFor(() => expect(screen.getByRole('alert').textContent).toBe('No connection.'));
    expect(onClose).not.toHaveBeenCalled();
  });
});

describe('announcements', () => {
  function Thread({ status, busy }: { status: 'streaming' | 'completed'; busy: boolean }) {
    useReplyAnnouncements([{ id: 'r', role: 'assistant', parts: [], metadata: { status } }], busy);
    return <Announcer />;
  }

  it('tell of a reply exactly twice, whatever comes between', async () => {
    const view = render(<Thread status="completed" busy={false} />);
    const changes: string[] = [];
    const region = screen.getByRole('status');
    new MutationObserver(() => changes.push(region.textContent ?? '')).observe(region, {
      characterData: true,
      childList: true,
      subtree: true,
    });
    const steps = [true, true, true, false, false] as const;
    for (const busy of steps) {
      view.rerender(<Thread status={busy ? 'streaming' : 'completed'} busy={busy} />);
      // oxlint-disable-next-line no-await-in-loop
      await act(async () => {});
    }
    expect(changes).toEqual([strings.announce.thinking, strings.announce.completed]);
  });
});
