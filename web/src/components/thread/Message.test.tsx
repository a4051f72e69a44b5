import { act, fireEvent, render, screen, within } from '@testing-library/react';
import { describe, expect, it, vi } from 'vitest';
import type { MessageMetadata, ThreadMessage } from '../../session/thread';
import { strings } from '../../strings';
import { Actions, type ThreadActions } from './actions';
import { Message } from './Message';

vi.mock('../markdown/load', () => ({
  useLateMarkdown: () => false,
  LazyMarkdown: ({ text }: { text: string }) => {
    if (text === 'poison') throw new Error('cannot be laid out');
    return <p>{text}</p>;
  },
}));

function reply(metadata: MessageMetadata, text = 'An answer.', reasoning = ''): ThreadMessage {
  const parts: ThreadMessage['parts'] = [];
  if (reasoning) parts.push({ type: 'reasoning', text: reasoning });
  if (text) parts.push({ type: 'text', text });
  return { id: 'r', role: 'assistant', parts, metadata };
}

function show(message: ThreadMessage, onRetry?: (id: string) => void) {
  return render(<Message message={message} onRetry={onRetry} mode="socket" />);
}

describe('a message', () => {
  it('of the person is shown literally, in an article of its own', () => {
    show({ id: 'u', role: 'user', parts: [{ type: 'text', text: 'a *b*\n<i>c</i>' }], metadata: {} });
    expect(screen.getByRole('article', { name: strings.thread.you }).textContent).toContain('a *b*\n<i>c</i>');
  });

  it('that failed says what, at whom, and offers to try again', () => {
    const onRetry = vi.fn();
    const error = { code: 'provider_timeout', message: 'Ollama took too long.', retryable: true };
    show(reply({ status: 'failed', error, provider_used: 'ollama' }), onRetry);
    const alert = screen.getByRole('alert');
    expect(alert.textContent).toContain('Ollama took too long.');
    expect(alert.textContent).toContain(strings.reply.provider('Ollama'));
    fireEvent.click(within(alert).getByRole('button', { name: strings.reply.tryAgain }));
    expect(onRetry).toHaveBeenCalledExactlyOnceWith('r');
    expect(screen.getByText('An answer.')).toBeTruthy();
  });

  it('whose tokens all went into reasoning says so once, and can be raised', () => {
    const raise = vi.fn();
    const tokens = { prompt: 5, completion: 512, total: 517, source: 'provider' as const };
    const message = reply({ status: 'completed', finish_reason: 'length', tokens }, '', 'Let me think');
    const actions = { busy: false, models: { models: undefined }, raise } as unknown as ThreadActions;
    render(
      <Actions value={actions}>
        <Message message={message} onRetry={vi.fn()} mode="socket" />
      </Actions>,
    );
    expect(screen.getByText(strings.reply.onlyReasoning('512'))).toBeTruthy();
    expect(screen.queryByText(strings.reply.empty)).toBeNull();
    expect(screen.queryByText(strings.reply.cut)).toBeNull();
    expect(screen.queryByRole('button', { name: strings.reply.tryAgain })).toBeNull();
    fireEvent.click(screen.getByRole('button', { name: strings.reply.raise }));
    expect(raise).toHaveBeenCalledExactlyOnceWith('r');
  });

  it('of the person that is long is folded, with all of it there', () => {
    const text = Array.from({ length: 400 }, (_, line) => `line ${line}`).join('\n');
    show({ id: 'u', role: 'user', parts: [{ type: 'text', text }], metadata: {} });
    expect(screen.getByRole('article').textContent).toContain('line 399');
    fireEvent.click(screen.getByRole('button', { name: strings.thread.showMore }));
    expect(screen.getByRole('button', { name: strings.thread.showLess }).getAttribute('aria-expanded')).toBe('true');
  });

  it('begins with a heading of its own', () => {
    show(reply({ status: 'completed', created_at: '2026-11-29T11:35:00Z' }));
    expect(screen.getByRole('heading', { level: 2 }).textContent).toMatch(/^Assistant, /);
  });

  it('that failed shows the words of the provider under Details', () => {
    const error = { code: 'provider_failed', message: 'Refused.', retryable: false, detail: 'no such $ref: #/a' };
    show(reply({ status: 'failed', error }));
    const details = screen.getByText(strings.reply.details).closest('details');
    expect(details?.textContent).toContain('no such $ref: #/a');
  });

  it('that was cut says whether by its limit or because the context is full', () => {
    const context = { window: 512, prompt_tokens: 216, dropped_messages: 0 };
    const tokens = { prompt: 216, completion: 296, total: 512, source: 'provider' } as const;
    show(reply({ status: 'completed', finish_reason: 'length', context, tokens }));
    expect(screen.getByText(strings.reply.windowFull('512'))).toBeTruthy();
    show(reply({ status: 'completed', finish_reason: 'length', context, tokens: { ...tokens, total: 300 } }));
    expect(screen.getByText(strings.reply.cut)).toBeTruthy();
  });

  it('of the person shows a control character where it is', () => {
    const text = 'a\u001b[31mred\u0007\tb\u0085';
    show({ id: 'u', role: 'user', parts: [{ type: 'text', text }], metadata: {} });
    const article = screen.getByRole('article', { name: strings.thread.you });
    expect(article.querySelector('p')?.textContent).toBe('aESC[31mredBEL\tbU+0085');
    expect(screen.getByTitle('U+001B').textContent).toBe('ESC');
  });

  it('that no model was asked for has no count', () => {
    const tokens = { prompt: 0, completion: 0, total: 0, source: 'estimated' } as const;
    show(reply({ status: 'failed', provider_used: 'ollama', tokens }));
    expect(screen.getByText(/^Ollama/).textContent).toBe('Ollama · ');
  });

  it.each([
    ['stopped', strings.reply.stopped],
    ['interrupted', strings.reply.interrupted],
  ] as const)('that was %s says so', (status, words) => {
    show(reply({ status }));
    expect(screen.getByText(words)).toBeTruthy();
  });

  it('names the provider that stood in, who failed, and why', () => {
    const context = {
      window: 4096,
      prompt_tokens: 9,
      dropped_messages: 0,
      failed: [{ provider: 'ollama', code: 'provider_timeout' }],
    };
    show(reply({ status: 'completed', provider_used: 'openai', fallback_used: true, context }));
    expect(screen.getByText('Ollama took too long. OpenAI answered instead.')).toBeTruthy();
    show(reply({ status: 'completed', provider_used: 'openai', fallback_used: true }));
    expect(screen.getByText('The first provider didn’t respond. OpenAI answered instead.')).toBeTruthy();
  });

  it('says how fast it was written, and for how long the model thought', () => {
    const tokens = { prompt: 5, completion: 40, total: 45, source: 'provider' as const };
    const timings = { total_s: 9, first_token_s: 1, thought_s: 5.2, generate_s: 2 };
    const view = show(reply({ status: 'completed', model: 'llama3.2:latest', tokens, timings }, 'So.', 'Let me see'));
    expect(view.container.querySelector('article')?.textContent).toContain('llama3.2 · 20 tokens/s');
    expect(screen.getByText(strings.reasoning.doneFor('5'))).toBeTruthy();
  });

  it('names the model of the version to the left and to the right', () => {
    const modelOf = (id: string) => ({ a: 'llama3.2:latest', c: 'qwen3' })[id];
    const message = reply({ status: 'completed', sibling_ids: ['a', 'r', 'c'] });
    render(
      <Actions value={{ busy: false, models: { models: undefined }, modelOf } as unknown as ThreadActions}>
        <Message message={message} mode="socket" />
      </Actions>,
    );
    const tipOf = (name: string) => screen.getByRole('button', { name }).dataset['tip'];
    expect(tipOf(strings.versions.previous)).toBe('Previous version · llama3.2');
    expect(tipOf(strings.versions.next)).toBe('Next version · qwen3');
  });

  it('tells what was left out of the prompt', () => {
    show(reply({ status: 'completed', context: { window: 4096, prompt_tokens: 4000, dropped_messages: 3 } }));
    expect(screen.getByText(/3 earlier messages didn’t fit the 4,096-token context/)).toBeTruthy();
  });

  it('shows its reasoning while it thinks and folds it when the answer begins', () => {
    const view = show(reply({ status: 'streaming' }, '', 'Let me see'));
    const fold = () => view.container.querySelector('details');
    expect(fold()?.open).toBe(true);
    view.rerender(<Message message={reply({ status: 'streaming' }, 'So', 'Let me see')} mode="socket" />);
    expect(fold()?.open).toBe(false);
  });

  it('that cannot be laid out is shown as plain text', () => {
    vi.spyOn(console, 'error').mockImplementation(() => {});
    show(reply({ status: 'completed' }, 'poison'));
    expect(screen.getByText('poison')).toBeTruthy();
    expect(screen.getByText(strings.reply.broken)).toBeTruthy();
  });

  it('is copied as it was written', async () => {
    const writeText = vi.spyOn(navigator.clipboard, 'writeText').mockResolvedValue();
    show(reply({ status: 'completed' }, '**bold**'));
    await act(async () => fireEvent.click(screen.getByRole('button', { name: strings.copy.message })));
    expect(writeText).toHaveBeenCalledWith('**bold**');
    expect(screen.getByRole('button', { name: strings.copy.done })).toBeTruthy();
  });
});
