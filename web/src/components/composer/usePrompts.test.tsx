import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { cleanup, render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { useState } from 'react';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { useFrame } from '../../state/frame';
import { strings } from '../../strings';
import { api } from '../../transport/api';
import { Composer } from './Composer';
import { usePrompts } from './usePrompts';

const PROMPTS = [
  { id: '1', name: 'Mail', text: 'Write a mail.' },
  { id: '2', name: 'Translate', text: 'Into {{language}}: {{__proto__}}' },
  // As the server tells it: in English.
  { id: '3', name: 'Server', text: 'Server', starter: 'code' },
];
const onSend = vi.fn();

function Field() {
  const [text, setText] = useState('');
  const { suggestions, form } = usePrompts(text, setText);
  return (
    <>
      <Composer text={text} onChange={setText} onSend={onSend} onStop={vi.fn()} busy={false} suggestions={suggestions} />
      {form}
    </>
  );
}

function show({ known = true } = {}) {
  const client = new QueryClient();
  if (known) client.setQueryData(['library', 'prompts'], PROMPTS);
  render(
    <QueryClientProvider client={client}>
      <Field />
    </QueryClientProvider>,
  );
  return { user: userEvent.setup(), field: screen.getByRole<HTMLTextAreaElement>('textbox') };
}

const selected = () => screen.getByRole('option', { selected: true });

beforeEach(() => {
  onSend.mockClear();
  // As newer browsers have it.
  Element.prototype.scrollIntoView = vi.fn(() => Promise.resolve());
});
afterEach(cleanup);

test('a slash opens the library, typing filters it, Enter takes the prompt and sends nothing', async () => {
  const { user, field } = show();
  await user.type(field, '/');
  expect(screen.getAllByRole('option')).toHaveLength(PROMPTS.length);
  expect(field.getAttribute('aria-activedescendant')).toBe(selected().id);
  await user.keyboard('{ArrowDown}');
  expect(selected().textContent).toContain('Translate');
  await user.keyboard('mai');
  expect(selected().textContent).toContain('Mail');
  await user.keyboard('{Enter}');
  expect(field.value).toBe('Write a mail.');
  expect(onSend).not.toHaveBeenCalled();
  expect(screen.queryByRole('listbox')).toBeNull();
});

test('what is to be filled in is asked for', async () => {
  const { user, field } = show();
  await user.type(field, '/transl{Enter}');
  await user.type(screen.getByRole('textbox', { name: 'language' }), 'French');
  await user.type(screen.getByRole('textbox', { name: '__proto__' }), 'Hello');
  await user.click(screen.getByRole('button', { name: strings.prompts.insert }));
  expect(field.value).toBe('Into French: Hello');
});

test('Escape closes it, and then Enter sends what is written', async () => {
  const { user, field } = show();
  await user.type(field, '/m{Escape}');
  expect(screen.queryByRole('listbox')).toBeNull();
  await user.type(field, 'ail{Enter}');
  expect(onSend).toHaveBeenCalledExactlyOnceWith('/mail');
});

test('a text that no prompt has is sent as it is', async () => {
  const { user, field } = show();
  await user.type(field, '/xyzzy{Enter}');
  expect(onSend).toHaveBeenCalledExactlyOnceWith('/xyzzy');
});

test('Enter waits for the library to be there', async () => {
  let answer: (value: never) => void = () => {};
  const entries = vi.spyOn(api, 'entries').mockReturnValue(new Promise((resolve) => (answer = resolve)));
  const { user, field } = show({ known: false });
  await user.type(field, '/mail{Enter}');
  expect(onSend).not.toHaveBeenCalled();
  answer(PROMPTS as never);
  await screen.findByRole('option');
  await user.keyboard('{Enter}');
  expect(field.value).toBe('Write a mail.');
  expect(onSend).not.toHaveBeenCalled();
  entries.mockRestore();
});

test('from the list one gets to all prompts', async () => {
  const { user, field } = show();
  await user.type(field, '/');
  await user.click(screen.getByRole('button', { name: strings.prompts.manage }));
  expect(useFrame.getState().prompts).toBe(true);
  expect(field.value).toBe('');
  useFrame.setState({ prompts: false });
});

test('one that everybody begins with is said as the page has it', async () => {
  const { user, field } = show();
  const { name, text } = strings.empty.prompts[1];
  await user.type(field, '/python');
  expect(selected().textContent).toContain(name);
  await user.keyboard('{Enter}');
  expect(field.value).toBe(text);
});
