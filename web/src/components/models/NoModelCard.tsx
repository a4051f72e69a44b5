import { PlugZap, RotateCcw } from 'lucide-react';
import type { ModelsHandle } from '../../hooks/useModels';
import { strings } from '../../strings';
import { OllamaSteps } from './OllamaSteps';
import { PullModel } from './PullModel';

/** Pulled with one click where there is none: small, and it answers well. */
const MODEL = 'llama3.2';

/** No model can answer: what to do about it. */
export function NoModelCard({ models: { models, error, loading, refresh } }: { models: ModelsHandle }) {
  return (
    <section aria-label={strings.models.connect} className="mt-6 rounded-card border border-line bg-surface p-5 text-sm">
      <h3 className="flex items-center gap-2.5 font-semibold">
        <PlugZap className="size-4.5 text-warning" strokeWidth={1.75} aria-hidden />
        {strings.models.connect}
      </h3>
      <p className="mt-1 text-ink-muted">{error?.message || strings.models.noneYet}</p>
      {models && !error && <PullModel connection={models.provider} model={MODEL} />}
      <OllamaSteps />
      <button type="button" className="button button-quiet mt-4" disabled={loading} onClick={refresh}>
        <RotateCcw className="size-4" aria-hidden />
        {strings.models.checkAgain}
      </button>
    </section>
  );
}
