import { render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { Model, ModelList } from '../../protocol';
import { modelOfNewChats, rememberModel } from '../../state/modelChoice';
import { strings } from '../../strings';
import { ModelListbox } from './ModelListbox';

function model(id: string, more: Partial<Model> = {}): Model {
  return {
    id,
    label: id,
    provider: 'ollama',
    context_length: 8192,
    capabilities: ['completion'],
    size_bytes: null,
    parameter_size: null,
    quantization_level: null,
    remote: false,
    ...more,
  };
}

const results = [
  ...['a', 'b', 'c', 'd', 'e', 'f'].map((letter) => model(`model-${letter}:latest`)),
  model('qwen3:30b-a3b-instruct-2507-q4_K_M', { capabilities: ['tools'] }),
  model('gpt-oss:120b-cloud', { remote: true }),
];

function setUp(value: string | null = 'model-b') {
  const onPick = vi.fn();
  const handle = {
    models: { default: 'model-a', results } as unknown as ModelList,
    loading: false,
    error: null,
    refresh: vi.fn(),
  };
  render(<ModelListbox models={handle} value={value} label={strings.models.choose} onPick={onPick} />);
  const field = screen.getByRole('combobox', { name: strings.models.search });
  const active = () => document.getElementById(field.getAttribute('aria-activedescendant') ?? '');
  return { onPick, field, active, user: userEvent.setup() };
}

beforeEach(() => localStorage.clear());

describe('the list of models', () => {
  it('names each in full, with what is known of it', () => {
    setUp();
    const option = screen.getByRole('option', { name: /qwen3:30b-a3b-instruct-2507-q4_K_M/ });
    expect(option.textContent).toContain('Local · 8,192-token context · tools');
    expect(screen.getByRole('option', { name: /gpt-oss/ }).textContent).toContain(strings.models.cloud);
  });

  it('begins at the chosen one and moves by arrow keys, round both ends', async () => {
    const { user, field, active, onPick } = setUp();
    expect(screen.getByRole('option', { selected: true }).textContent).toContain('model-b');
    expect(active()?.textContent).toContain('model-b');
    await user.type(field, '{ArrowUp}{ArrowUp}');
    expect(active()?.textContent).toContain('gpt-oss');
    await user.type(field, '{ArrowDown}{Enter}');
    expect(onPick).toHaveBeenCalledExactlyOnceWith('model-a:latest');
  });

  it('is filtered by every word, also by capability and place', async () => {
    const { user, field, onPick } = setUp();
    await user.type(field, 'tools local');
    expect(screen.getAllByRole('option')).toHaveLength(1);
    await user.type(field, '{Enter}');
    expect(onPick).toHaveBeenCalledExactlyOnceWith('qwen3:30b-a3b-instruct-2507-q4_K_M');
  });

  it('says when none matches', async () => {
    const { user, field, onPick } = setUp();
    await user.type(field, 'nobody{Enter}');
    expect(screen.getByText(strings.models.noneFound('nobody'))).toBeTruthy();
    expect(onPick).not.toHaveBeenCalled();
  });

  it('has those chosen lately first', () => {
    rememberModel('model-c:latest');
    rememberModel('gpt-oss:120b-cloud');
    rememberModel('gone');
    setUp();
    const [recent] = screen.getAllByRole('group');
    expect(recent?.getAttribute('aria-label')).toBe(strings.models.recent);
    expect([...recent!.querySelectorAll('[role=option]')].map(({ textContent }) => textContent)).toEqual([
      expect.stringContaining('gpt-oss'),
      expect.stringContaining('model-c'),
    ]);
    expect(screen.getAllByRole('option')).toHaveLength(results.length);
  });

  it('remembers the last choice for new chats', () => {
    expect(modelOfNewChats()).toBeUndefined();
    rememberModel('a');
    rememberModel('b');
    expect(modelOfNewChats()).toBe('b');
  });
});
