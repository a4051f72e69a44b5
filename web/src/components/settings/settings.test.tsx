import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { fireEvent, render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { useState } from 'react';
import { describe, expect, it, vi } from 'vitest';
import type { Model, ModelList } from '../../protocol';
import { strings } from '../../strings';
import { ModelField } from './ModelField';
import { ParameterField } from './ParameterField';

const BOUNDS = { min: 256, max: 1024, step: 1, default: 512 };

function Field({ onChange }: { onChange: (value: number) => void }) {
  const [value, setValue] = useState(512);
  return (
    <ParameterField
      name="Max tokens"
      help="help"
      value={value}
      bounds={BOUNDS}
      onChange={(next) => {
        setValue(next);
        onChange(next);
      }}
    />
  );
}

describe('ParameterField', () => {
  it('moves the number with the slider', () => {
    render(<Field onChange={vi.fn()} />);
    fireEvent.change(screen.getByRole('slider'), { target: { value: '700' } });
    expect(screen.getByRole<HTMLInputElement>('spinbutton').value).toBe('700');
  });

  it('does not correct a number that is still being typed', async () => {
    const onChange = vi.fn();
    const user = userEvent.setup();
    render(<Field onChange={onChange} />);
    const number = screen.getByRole<HTMLInputElement>('spinbutton');
    await user.clear(number);
    await user.type(number, '30');
    expect(number.value).toBe('30');
    expect(onChange).not.toHaveBeenCalled();
    await user.type(number, '0');
    expect(onChange).toHaveBeenLastCalledWith(300);
  });

  it('brings a number into bounds when the field is left', async () => {
    const user = userEvent.setup();
    render(<Field onChange={vi.fn()} />);
    const number = screen.getByRole<HTMLInputElement>('spinbutton');
    await user.clear(number);
    await user.type(number, '99999');
    await user.tab();
    expect(number.value).toBe('1024');
  });
});

describe('ModelField', () => {
  const model: Model = {
    id: 'llama3.2',
    label: 'llama3.2',
    provider: 'ollama',
    context_length: 8192,
    capabilities: ['completion', 'vision'],
    size_bytes: 2e9,
    parameter_size: '3.2B',
    quantization_level: null,
    remote: true,
  };
  const models = { default: 'llama3.2', results: [model] } as unknown as ModelList;
  const handle = { models, loading: false, error: null, refresh: vi.fn() };

  it('shows size, window, capabilities and whether prompts leave the machine', () => {
    render(<ModelField models={handle} value={null} onChange={vi.fn()} />);
    expect(screen.getByText(/Cloud · 3\.2B · 2 ?GB · 8,192-token context · vision/)).toBeTruthy();
  });

  it('names a model that is gone, and leads staff to its pull', () => {
    const client = new QueryClient();
    client.setQueryData(['me'], { is_staff: true });
    render(
      <QueryClientProvider client={client}>
        <ModelField models={handle} value="mistral" onChange={vi.fn()} />
      </QueryClientProvider>,
    );
    expect(screen.getByRole('link', { name: strings.models.pull.find('mistral') })).toHaveProperty('search', '?pull=mistral');
    expect(screen.getByRole('button', { name: /mistral \(no longer available\)/ })).toBeTruthy();
    expect(screen.getByText(strings.settings.modelGoneHelp('mistral'))).toBeTruthy();
  });

  it('offers to try again when the list could not be had', () => {
    const refresh = vi.fn();
    const error = { code: 'unavailable', message: 'Ollama does not answer.' };
    render(<ModelField models={{ models: undefined, loading: false, error, refresh }} value={null} onChange={vi.fn()} />);
    fireEvent.click(screen.getByRole('button', { name: strings.reply.tryAgain }));
    expect(refresh).toHaveBeenCalledOnce();
  });
});
