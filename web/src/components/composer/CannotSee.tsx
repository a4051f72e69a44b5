import { EyeOff } from 'lucide-react';
import type { Model, ModelList } from '../../protocol';
import { findModel, shortName } from '../../state/models';
import { fileStrings } from '../../strings/files';

/** The chosen model, when it is known not to take pictures; else null. */
export function blindModel(models: ModelList | undefined, chosen: string | null): Model | null {
  const model = findModel(models?.results ?? [], chosen ?? models?.default ?? '');
  return model && isBlind(model) ? model : null;
}

function isBlind({ capabilities }: Model): boolean {
  return capabilities.length > 0 && !capabilities.includes('vision');
}

interface Props {
  model: Model;
  models: ModelList | undefined;
  onPick(model: string): void;
}

/** Says before sending that the model cannot see the pictures, and offers one that can. */
export function CannotSee({ model, models, onPick }: Props) {
  const other = models?.results.find(({ capabilities }) => capabilities.includes('vision'));
  return (
    <div role="alert" className="mb-1.5 flex animate-rise flex-wrap items-center gap-x-3 gap-y-1.5 px-3 text-sm">
      <p className="inline-flex items-center gap-2 text-warning">
        <EyeOff className="size-4 shrink-0" aria-hidden />
        {fileStrings.cannotSee(shortName(model.label))} {!other && fileStrings.noneSees}
      </p>
      {other && (
        <button type="button" className="button button-quiet" onClick={() => onPick(other.id)}>
          {fileStrings.use(shortName(other.label))}
        </button>
      )}
    </div>
  );
}
