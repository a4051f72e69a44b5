import { fireEvent, render, screen } from '@testing-library/react';
import { expect, test, vi } from 'vitest';
import type { ParametersHandle } from '../../hooks/useParameters';
import type { Model, ModelList } from '../../protocol';
import type { Chosen } from '../../state/parameters';
import { strings } from '../../strings';
import { EffortField, OptionalFields } from './OptionalFields';

const { names, help, missing, reasoningTokens } = strings.optional;
const MODELS = { choices: { reasoning_effort: ['none', 'high'] }, reasoning_tokens: 4096 } as ModelList;

function show(has: string[], chosen: Chosen = {}, refused: Record<string, string> = {}) {
  const choose = vi.fn();
  const parameters = { chosen, choose } as unknown as ParametersHandle;
  const model = { label: 'llama', parameters: has } as Model;
  const props = { parameters, models: MODELS, model, refused };
  render(
    <>
      <EffortField {...props} />
      <OptionalFields {...props} />
    </>,
  );
  return choose;
}

test('only what the model has is offered, each with its sentence', () => {
  const choose = show(['seed', 'stop', 'response_format']);
  const seed = screen.getByRole('spinbutton', { name: names.seed });
  expect(document.getElementById(seed.getAttribute('aria-describedby')!)?.textContent).toContain(help.seed);
  expect(screen.queryByLabelText(names.top_k)).toBeNull();
  expect(screen.queryByLabelText(names.reasoning_effort)).toBeNull();
  fireEvent.change(seed, { target: { value: '7' } });
  expect(choose).toHaveBeenLastCalledWith({ seed: 7 });
  fireEvent.change(seed, { target: { value: '' } });
  expect(choose).toHaveBeenLastCalledWith({ seed: null });
  fireEvent.change(screen.getByLabelText(names.stop), { target: { value: 'END\n\n###' } });
  expect(choose).toHaveBeenLastCalledWith({ stop: ['END', '###'] });
  fireEvent.click(screen.getByRole('checkbox', { name: names.response_format }));
  expect(choose).toHaveBeenLastCalledWith({ response_format: 'json' });
});

test('a number outside of its bounds is not taken', () => {
  const choose = show(['top_k']);
  fireEvent.change(screen.getByLabelText(names.top_k), { target: { value: '5000' } });
  fireEvent.change(screen.getByLabelText(names.top_k), { target: { value: '2.5' } });
  expect(choose).not.toHaveBeenCalled();
});

test('what was chosen and the model does not have stays, and says so', () => {
  show([], { top_k: 5 });
  expect(screen.getByRole('alert').textContent).toBe(missing('llama'));
});

test('a refusal stands at the field that it is about', () => {
  show(['seed', 'top_k'], { top_k: 5, seed: 1 }, { top_k: 'OpenAI does not have it.' });
  const described = screen.getByLabelText(names.top_k).getAttribute('aria-describedby')!;
  expect(document.getElementById(described)?.textContent).toContain('OpenAI does not have it.');
  expect(screen.getAllByRole('alert')).toHaveLength(1);
});

test('where the model thinks, its effort is chosen, and the tokens for it are told', () => {
  const choose = show(['reasoning_effort']);
  expect(screen.getByText((text) => text.includes(reasoningTokens('4,096')))).toBeTruthy();
  fireEvent.change(screen.getByLabelText(names.reasoning_effort), { target: { value: 'high' } });
  expect(choose).toHaveBeenLastCalledWith({ reasoning_effort: 'high' });
  fireEvent.change(screen.getByLabelText(names.reasoning_effort), { target: { value: '' } });
  expect(choose).toHaveBeenLastCalledWith({ reasoning_effort: null });
});
