import { useId, useState } from 'react';
import { formatBytes, formatCount } from '../../format';
import type { ModelsHandle } from '../../hooks/useModels';
import type { Model } from '../../protocol';
import { findModel, shortName } from '../../state/models';
import { strings } from '../../strings';

/** More than these are searched, not read. */
const MANY = 8;

interface Props {
  models: ModelsHandle;
  /** Null: the provider's default. */
  value: string | null;
  onChange(model: string): void;
}

/** Which model answers. A model that is gone stays named: the choice is the person's, not ours. */
export function ModelSelect({ models: { models, loading, error, refresh }, value, onChange }: Props) {
  const id = useId();
  const [wanted, setWanted] = useState('');
  const results = models?.results ?? [];
  const selected = value ?? models?.default ?? '';
  const chosen = findModel(results, selected);
  const gone = selected !== '' && results.length > 0 && !chosen;
  const matching = results.filter((model) => matches(model, wanted) || model === chosen);
  return (
    <div>
      <label htmlFor={id} className="mb-1.5 block text-sm font-medium">
        {strings.settings.model}
      </label>
      {results.length > MANY && (
        <input
          type="search"
          className="field mb-1.5 text-sm"
          aria-label={strings.settings.modelSearch}
          placeholder={strings.settings.modelSearch}
          value={wanted}
          onChange={(event) => setWanted(event.currentTarget.value)}
        />
      )}
      <select
        id={id}
        className="field text-sm"
        aria-describedby={`${id}-help`}
        aria-invalid={gone}
        disabled={results.length === 0}
        value={chosen?.id ?? selected}
        onChange={(event) => onChange(event.currentTarget.value)}
      >
        {!chosen && (
          <option value={selected}>
            {gone ? strings.settings.modelGone(shortName(selected)) : shortName(selected) || strings.settings.modelNone}
          </option>
        )}
        {matching.map((model) => (
          <option key={model.id} value={model.id}>
            {[shortName(model.label), ...facts(model)].join(' · ')}
          </option>
        ))}
      </select>
      <p id={`${id}-help`} className="mt-1.5 text-xs text-ink-muted">
        {gone ? strings.settings.modelGoneHelp(shortName(selected)) : chosen ? describe(chosen) : strings.settings.modelHelp}
      </p>
      {wanted !== '' && !results.some((model) => matches(model, wanted)) && (
        <p role="status" className="mt-1 text-xs text-ink-muted">
          {strings.settings.modelNoneFound}
        </p>
      )}
      {loading && !models && <p className="mt-1 text-xs text-ink-muted">{strings.settings.modelsLoading}</p>}
      {error && (
        <div role="alert" className="mt-2 rounded-control bg-danger-soft px-3 py-2 text-xs">
          <p>{error.message || strings.settings.modelsFailed}</p>
          <button type="button" className="link min-h-9 font-medium" onClick={refresh}>
            {strings.reply.tryAgain}
          </button>
        </div>
      )}
    </div>
  );
}

function matches(model: Model, wanted: string): boolean {
  const text = [model.id, model.label, ...model.capabilities].join(' ').toLowerCase();
  return wanted
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}

function facts(model: Model): string[] {
  return [
    model.parameter_size ?? '',
    model.size_bytes ? formatBytes(model.size_bytes) : '',
    model.remote ? strings.settings.remote : '',
  ].filter((fact) => fact !== '');
}

function describe(model: Model): string {
  return [
    ...facts(model),
    model.quantization_level ?? '',
    model.context_length ? strings.settings.context(formatCount(model.context_length)) : '',
    model.capabilities.join(', '),
    model.remote === false ? strings.settings.local : '',
  ]
    .filter((fact) => fact !== '')
    .join(' · ');
}
