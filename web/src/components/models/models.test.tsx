import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import type { ReactElement } from 'react';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { ModelsHandle } from '../../hooks/useModels';
import type { Model, ModelList } from '../../protocol';
import { modelOfNewChats, rememberModel } from '../../state/modelChoice';
import { strings } from '../../strings';
import { api } from '../../transport/api';
import { ModelListbox } from './ModelListbox';
import { ModelPicker } from './ModelPicker';
import { NoModelCard } from './NoModelCard';
import { missingModel, PullLink, PullMissing } from './PullModel';

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

/** Renders for somebody who is staff or not. */
function show(element: ReactElement, staff = false) {
  const client = new QueryClient();
  client.setQueryData(['me'], { is_staff: staff });
  return render(<QueryClientProvider client={client}>{element}</QueryClientProvider>);
}

function setUp(value: string | null = 'model-b') {
  const onPick = vi.fn();
  const handle = {
    models: { default: 'model-a', results } as unknown as ModelList,
    loading: false,
    error: null,
    refresh: vi.fn(),
  };
  show(<ModelListbox models={handle} value={value} label={strings.models.choose} onPick={onPick} />);
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

it('asks for a choice where the default is away and others are there', () => {
  const away = { models: { default: null, results }, loading: false, error: null, refresh: vi.fn() };
  show(<ModelPicker models={away as unknown as ModelsHandle} value={null} onPick={vi.fn()} />);
  expect(screen.getByRole('button').textContent).toBe(strings.models.choose);
});

describe('where there is no model', () => {
  const none = {
    models: { provider: 'ollama', default: null, results: [] } as unknown as ModelList,
    loading: false,
    error: null,
    refresh: vi.fn(),
  };
  const job = { id: 'j', connection: 'ollama', model: 'llama3.2', kind: 'pull', error: '', error_code: '', done_bytes: 0, total_bytes: 0 } as const;

  it('is pulled by staff with one click, and told how far it is', async () => {
    const jobs = vi.spyOn(api, 'modelJobs').mockResolvedValue([]);
    const pull = vi.spyOn(api, 'pullModel').mockImplementation(async () => {
      const running = { ...job, state: 'running', done_bytes: 1e9, total_bytes: 2e9 } as const;
      jobs.mockResolvedValue([running]);
      return running;
    });
    show(<NoModelCard models={none} />, true);
    await userEvent.setup().click(screen.getByRole('button', { name: strings.models.pull.now('llama3.2') }));
    expect(pull).toHaveBeenCalledWith('ollama', 'llama3.2');
    // It is there already: nobody is told to install it.
    expect(screen.getByRole('heading').textContent).toBe(strings.models.empty);
    expect(screen.queryByText(strings.demo.command)).toBeNull();
    expect((await screen.findByRole('progressbar')).getAttribute('max')).toBe('2000000000');
    expect(screen.getByRole('status').textContent).toContain('1 GB');
  });

  it('says why a pull failed, and lets it be tried again', async () => {
    vi.spyOn(api, 'modelJobs').mockResolvedValue([{ ...job, state: 'failed', error: 'The disk of Ollama is full.' }]);
    show(<NoModelCard models={none} />, true);
    expect((await screen.findByRole('alert')).textContent).toBe('The disk of Ollama is full.');
    expect(screen.getByRole('button', { name: strings.models.pull.now('llama3.2') })).toBeTruthy();
  });

  it('says why a pull is refused', async () => {
    vi.spyOn(api, 'modelJobs').mockResolvedValue([]);
    vi.spyOn(api, 'pullModel').mockRejectedValue(new Error('Only an Ollama keeps models.'));
    show(<NoModelCard models={none} />, true);
    await userEvent.setup().click(screen.getByRole('button', { name: strings.models.pull.now('llama3.2') }));
    expect((await screen.findByRole('alert')).textContent).toBe('Only an Ollama keeps models.');
  });

  it('offers nothing of that to others', () => {
    const view = show(<NoModelCard models={none} />);
    expect(screen.queryByRole('button', { name: strings.models.pull.now('llama3.2') })).toBeNull();
    view.unmount();
    show(<PullLink model="qwen3:8b" />);
    expect(screen.queryByRole('link')).toBeNull();
  });

  it('pulls what a reply asked for, where its server keeps models', () => {
    vi.spyOn(api, 'modelJobs').mockResolvedValue([]);
    show(<PullMissing connection="ollama" model="qwen3:8b" />, true).unmount();
    const view = show(<PullMissing connection="openai" model="gpt-5" />, true);
    expect(view.container.childElementCount).toBe(0);
    view.unmount();
    show(<PullMissing connection="ollama" model="qwen3:8b" />, true);
    expect(screen.getByRole('button', { name: strings.models.pull.now('qwen3:8b') })).toBeTruthy();
    expect(missingModel('model_not_found', 'qwen3:8b')).toBe('qwen3:8b');
    expect(missingModel('provider_failed', 'qwen3:8b')).toBeNull();
  });

  it('leads staff from a search to the page that pulls', () => {
    show(<PullLink model="qwen3:8b" />, true);
    expect(screen.getByRole('link').getAttribute('href')).toBe('/models?pull=qwen3%3A8b');
    show(<PullMissing connection="gpu" model="tiny" />, true);
    expect(screen.getAllByRole('link')[1]?.getAttribute('href')).toBe('/models?pull=tiny&at=gpu');
  });
});
