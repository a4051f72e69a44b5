import { act, fireEvent, render, screen } from '@testing-library/react';
import { expect, test, vi } from 'vitest';
import type { ToolCall } from '../../protocol';
import type { ThreadMessage } from '../../session/thread';
import { strings } from '../../strings';
import { Actions, type ThreadActions } from './actions';
import { ToolCalls } from './ToolCalls';

const words = strings.calls;
const asked: ToolCall = { id: 'c', server: 'wiki', name: 'search', arguments: { q: 'x' }, state: 'asked' };

function show(call: ToolCall) {
  const decide = vi.fn(() => Promise.resolve());
  const message: ThreadMessage = { id: 'm', role: 'assistant', parts: [], metadata: { tool_calls: [call] } };
  render(
    <Actions value={{ decide } as unknown as ThreadActions}>
      <ToolCalls message={message} />
    </Actions>,
  );
  return { decide, message };
}

const press = async (name: string) => act(async () => fireEvent.click(screen.getByRole('button', { name })));
const write = (name: string, value: string) => fireEvent.change(screen.getByRole('textbox', { name }), { target: { value } });

test('a call is allowed as it is, or with other arguments', async () => {
  const { decide, message } = show(asked);
  await press(words.once);
  expect(decide).toHaveBeenLastCalledWith(message, asked, { allow: true, remember: 'once' });
  write(words.arguments, '{"q": "y"}');
  await press(words.here);
  expect(decide).toHaveBeenLastCalledWith(message, asked, { allow: true, remember: 'conversation', arguments: { q: 'y' } });
});

test('what is no object cannot be allowed, but denied with a word', async () => {
  const { decide, message } = show(asked);
  write(words.arguments, '[1]');
  expect(screen.getByRole('button', { name: words.always }).hasAttribute('disabled')).toBe(true);
  expect(screen.getByText(words.invalid)).toBeTruthy();
  write(words.reason, 'Not now.');
  await press(words.deny);
  expect(decide).toHaveBeenLastCalledWith(message, asked, { allow: false, reason: 'Not now.' });
});

test('a call whose server wants to know the person leads there, or is denied', async () => {
  const call: ToolCall = { ...asked, state: 'needs_sign_in' };
  const { decide, message } = show(call);
  const way = screen.getByRole('link', { name: words.signIn('wiki') });
  expect(way.getAttribute('href')).toBe('/tools/wiki/sign-in');
  await press(words.deny);
  expect(decide).toHaveBeenLastCalledWith(message, call, { allow: false });
});

test('a call that was made is a line with its result and its pictures', () => {
  show({ ...asked, name: 'look_up', state: 'done', result: 'Found.', took_s: 1.23, truncated: false, files: ['f'] });
  expect(screen.getByRole('group').textContent).toContain(`${words.lines.done('look up')} · wiki · ${words.seconds('1.2')}`);
  expect(screen.getByText('Found.')).toBeTruthy();
  const picture = screen.getByRole('img', { name: words.picture('look up', 1) });
  expect(picture.getAttribute('src')).toBe('/api/files/f/content');
});

const form: ToolCall = {
  ...asked,
  input: [
    {
      id: '1-0',
      message: 'Which seat?',
      schema: {
        required: ['row'],
        properties: {
          row: { type: 'integer', title: 'Row', minimum: 1 },
          side: { type: 'string', title: 'Side', enum: ['w', 'a'], enumNames: ['Window', 'Aisle'], default: 'w' },
          meal: { type: 'boolean', title: 'Meal' },
          extras: { type: 'array', title: 'Extras', items: { anyOf: [{ const: 'bike', title: 'Bicycle' }, { const: 'dog' }] } },
          note: { type: 'string', title: 'Note' },
        },
      },
    },
  ],
};

test('a form that a server asks for is sent with the types of its fields', async () => {
  const { decide, message } = show(form);
  fireEvent.change(screen.getByRole('spinbutton', { name: 'Row' }), { target: { value: '7' } });
  fireEvent.change(screen.getByRole('combobox', { name: new RegExp('Side') }), { target: { value: 'a' } });
  for (const name of ['Meal', 'Bicycle']) fireEvent.click(screen.getByRole('checkbox', { name }));
  await press(words.send);
  const content = { row: 7, side: 'a', meal: true, extras: ['bike'] };
  expect(decide).toHaveBeenLastCalledWith(message, form, { allow: true, answers: { '1-0': { action: 'accept', content } } });
  await press(words.decline);
  expect(decide).toHaveBeenLastCalledWith(message, form, { allow: true, answers: { '1-0': { action: 'decline' } } });
});

test('an address that a server asks to open shows its host', async () => {
  const call: ToolCall = { ...asked, input: [{ id: '1-0', message: 'Pay here.', url: 'https://pay.example.org/1' }] };
  const { decide, message } = show(call);
  const link = screen.getByRole('link', { name: words.open('pay.example.org') });
  expect(link.getAttribute('href')).toBe('https://pay.example.org/1');
  expect(link.getAttribute('rel')).toBe('noopener noreferrer');
  await press(words.opened);
  expect(decide).toHaveBeenLastCalledWith(message, call, { allow: true, answers: { '1-0': { action: 'accept' } } });
});
