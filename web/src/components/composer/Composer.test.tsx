import { fireEvent, render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { useState } from 'react';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { SendError } from '../../hooks/usePlayground';
import { strings } from '../../strings';
import { Composer } from './Composer';
import { MAX_CONTENT } from './sendable';
import type { ThreadMessage } from '../../session/thread';
import { TooLongNotice } from './TooLongNotice';
import { useDraft } from './useDraft';
import { useGiveBack, useRestoreRefused } from './useGiveBack';

const { composer } = strings;
let coarse = false;

beforeEach(() => {
  coarse = false;
  localStorage.clear();
  vi.spyOn(window, 'matchMedia').mockImplementation(
    (query) => ({ matches: coarse && query.includes('coarse') }) as MediaQueryList,
  );
});

function setUp({ busy = false, text = '' } = {}) {
  const onSend = vi.fn();
  const onStop = vi.fn();
  function Host() {
    const [value, setValue] = useState(text);
    return <Composer text={value} onChange={setValue} onSend={onSend} onStop={onStop} busy={busy} />;
  }
  render(<Host />);
  const field = screen.getByRole<HTMLTextAreaElement>('textbox', { name: composer.label });
  return { onSend, onStop, field, user: userEvent.setup() };
}

describe('Composer', () => {
  it('has the focus when one arrives', () => {
    expect(setUp().field).toBe(document.activeElement);
  });

  it('sends on Enter', async () => {
    const { user, field, onSend } = setUp();
    await user.type(field, '  Hello {Enter}');
    expect(onSend).toHaveBeenCalledExactlyOnceWith('Hello');
  });

  it('breaks the line on Shift+Enter', async () => {
    const { user, field, onSend } = setUp();
    await user.type(field, 'one{Shift>}{Enter}{/Shift}two');
    expect(field.value).toBe('one\ntwo');
    expect(onSend).not.toHaveBeenCalled();
  });

  it('breaks the line on Enter on a touch screen', async () => {
    coarse = true;
    const { user, field, onSend } = setUp();
    await user.type(field, 'one{Enter}two');
    expect(field.value).toBe('one\ntwo');
    expect(onSend).not.toHaveBeenCalled();
  });

  it('gives up the focus after sending on a touch screen: the keyboard would cover the reply', async () => {
    coarse = true;
    const { user, field, onSend } = setUp({ text: 'Hello' });
    field.focus();
    await user.click(screen.getByRole('button', { name: composer.send }));
    expect(onSend).toHaveBeenCalledExactlyOnceWith('Hello');
    expect(field).not.toBe(document.activeElement);
  });

  it('does not send while an input method composes', () => {
    const { field, onSend } = setUp({ text: 'にほん' });
    fireEvent.keyDown(field, { key: 'Enter', isComposing: true });
    fireEvent.keyDown(field, { key: 'Enter', keyCode: 229 });
    expect(onSend).not.toHaveBeenCalled();
  });

  it.each([
    ['a\0b', composer.nullCharacter],
    ['x'.repeat(MAX_CONTENT + 1), composer.tooLong('200,001', '200,000')],
  ])('says at once what can never be sent: %#', async (text, why) => {
    const { field, onSend } = setUp({ text });
    expect(screen.getByRole('alert').textContent).toBe(why);
    expect(screen.getByRole<HTMLButtonElement>('button', { name: composer.send }).disabled).toBe(true);
    fireEvent.keyDown(field, { key: 'Enter' });
    expect(onSend).not.toHaveBeenCalled();
  });

  it('takes as many characters as the server counts', () => {
    setUp({ text: '😀'.repeat(MAX_CONTENT) });
    expect(screen.queryByRole('alert')).toBeNull();
  });

  it('cannot send nothing', async () => {
    const { user, field, onSend } = setUp({ text: ' \n ' });
    expect(screen.getByRole<HTMLButtonElement>('button', { name: composer.send }).disabled).toBe(true);
    await user.type(field, '{Enter}');
    expect(onSend).not.toHaveBeenCalled();
  });

  it('is Stop while a reply runs and nothing is written, and keeps the focus', async () => {
    const { user, field, onSend, onStop } = setUp({ busy: true });
    await user.type(field, '{Enter}');
    expect(onSend).not.toHaveBeenCalled();
    expect(screen.queryByRole('button', { name: composer.send })).toBeNull();
    expect(screen.queryByRole('button', { name: composer.sendNext })).toBeNull();
    await user.click(screen.getByRole('button', { name: composer.stop }));
    expect(onStop).toHaveBeenCalledOnce();
    expect(field).toBe(document.activeElement);
  });

  it('offers both while a reply runs and something is written', async () => {
    const { user, field, onSend, onStop } = setUp({ busy: true, text: 'next' });
    await user.click(screen.getByRole('button', { name: composer.sendNext }));
    expect(onSend).toHaveBeenCalledExactlyOnceWith('next');
    await user.type(field, '{Enter}');
    await user.click(screen.getByRole('button', { name: composer.stop }));
    expect(onStop).toHaveBeenCalledOnce();
  });

  it('does not send the same text twice, however often Enter comes', () => {
    const { field, onSend } = setUp({ text: 'once' });
    fireEvent.keyDown(field, { key: 'Enter' });
    fireEvent.keyDown(field, { key: 'Enter', repeat: true });
    fireEvent.keyDown(field, { key: 'Enter' });
    expect(onSend).toHaveBeenCalledOnce();
    fireEvent.change(field, { target: { value: 'once more' } });
    fireEvent.keyDown(field, { key: 'Enter' });
    expect(onSend).toHaveBeenCalledTimes(2);
  });
});

describe('a message that was longer than the model can read', () => {
  const failed = (code: string) =>
    [
      { id: 'r', role: 'assistant', parts: [], metadata: { status: 'failed', error: { code, message: '', retryable: false } } },
    ] as ThreadMessage[];

  it('can be edited; after other failures nothing is offered here', async () => {
    const onEdit = vi.fn();
    const { rerender } = render(<TooLongNotice messages={failed('provider_failed')} onEdit={onEdit} />);
    expect(screen.queryByRole('button')).toBeNull();
    rerender(<TooLongNotice messages={failed('context_length_exceeded')} onEdit={onEdit} />);
    await userEvent.setup().click(screen.getByRole('button', { name: strings.edit.open }));
    expect(onEdit).toHaveBeenCalledOnce();
  });
});

describe('the draft', () => {
  function Draft({ id, refused = null }: { id: string; refused?: SendError | null }) {
    const [text, setText] = useDraft(id);
    useRestoreRefused(refused, useGiveBack(text, setText));
    return <textarea value={text} onChange={(event) => setText(event.target.value)} />;
  }
  const value = () => screen.getByRole<HTMLTextAreaElement>('textbox').value;

  it('is kept per conversation', () => {
    const { unmount } = render(<Draft id="a" />);
    fireEvent.change(screen.getByRole('textbox'), { target: { value: 'half a thought' } });
    unmount();
    const other = render(<Draft id="b" />);
    expect(value()).toBe('');
    other.unmount();
    render(<Draft id="a" />);
    expect(value()).toBe('half a thought');
  });

  it('gets a refused text back, before what was typed since', () => {
    const { rerender } = render(<Draft id="a" />);
    fireEvent.change(screen.getByRole('textbox'), { target: { value: 'second' } });
    rerender(<Draft id="a" refused={{ content: 'first', code: 'conversation_busy', message: 'Busy.' }} />);
    expect(value()).toBe('first\n\nsecond');
  });
});
