import { useId } from 'react';
import type { ModelsHandle } from '../../hooks/useModels';
import { formatFacts } from '../../format';
import { findModel, shortName } from '../../state/models';
import { strings } from '../../strings';
import { modelFacts, placeOf } from '../models/facts';
import { PullLink } from '../models/PullModel';
import { ModelPicker } from '../models/ModelPicker';

interface Props {
  models: ModelsHandle;
  /** Null: the provider's default. */
  value: string | null;
  onChange(model: string): void;
}

/** Which model answers. A model that is gone stays named: the choice is the person's, not ours. */
export function ModelField({ models: handle, value, onChange }: Props) {
  const id = useId();
  const { models, error, refresh } = handle;
  const results = models?.results ?? [];
  const selected = value ?? models?.default ?? '';
  const model = findModel(results, selected);
  const gone = selected !== '' && results.length > 0 && !model;
  const facts = model && formatFacts([placeOf(model), modelFacts(model)]);
  return (
    <div>
      <p className="mb-1.5 text-sm font-medium">{strings.settings.model}</p>
      <ModelPicker models={handle} value={value} onPick={onChange} look="field" describedBy={`${id}-help`} />
      <p id={`${id}-help`} className="mt-1.5 text-xs text-ink-muted">
        {gone ? strings.settings.modelGoneHelp(shortName(selected)) : facts || strings.settings.modelHelp}
      </p>
      {gone && <PullLink model={shortName(selected)} />}
      {error && (
        <div role="alert" className="mt-2 rounded-control bg-danger-soft px-3 py-2 text-xs">
          <p>{error.message || strings.models.failed}</p>
          <button type="button" className="link min-h-9 font-medium" onClick={refresh}>
            {strings.reply.tryAgain}
          </button>
        </div>
      )}
    </div>
  );
}
