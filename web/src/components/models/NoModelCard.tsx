import { PlugZap, RotateCcw } from 'lucide-react';
import type { ModelsHandle } from '../../hooks/useModels';
import { aroundStrings } from '../../strings/around';
import { strings } from '../../strings';
import { OllamaSteps } from './OllamaSteps';
import { PullMissing, useStaff } from './PullModel';

/** Pulled with one click where there is none: small, and it answers well. */
const MODEL = 'llama3.2';
const words = strings.models;

/** No model can answer: what to do about it. An Ollama that runs, and is empty, needs only a model. */
export function NoModelCard({ models: { models, error, loading, refresh } }: { models: ModelsHandle }) {
  const staff = useStaff();
  const empty = !error && models?.provider === 'ollama';
  const title = empty ? words.empty : words.connect;
  const lead = empty ? (staff ? words.emptyLead : words.emptyAsk) : error?.message || words.noneYet;
  return (
    <section aria-label={title} className="mt-6 rounded-card border border-line bg-surface p-5 text-sm">
      <h3 className="flex items-center gap-2.5 font-semibold">
        <PlugZap className="size-4.5 text-warning" strokeWidth={1.75} aria-hidden />
        {title}
      </h3>
      <p className="mt-1 text-ink-muted">{lead}</p>
      {models && !error && <PullMissing connection={models.provider} model={MODEL} />}
      {!empty && <OllamaSteps />}
      <div className="mt-4 flex flex-wrap gap-2">
        <button type="button" className="button button-quiet" disabled={loading} onClick={refresh}>
          <RotateCcw className="size-4" aria-hidden />
          {words.checkAgain}
        </button>
        {empty && staff && (
          <a className="button button-quiet" href="/models">
            {aroundStrings.user.models}
          </a>
        )}
      </div>
    </section>
  );
}
