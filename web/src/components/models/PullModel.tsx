import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Download } from 'lucide-react';
import { useEffect } from 'react';
import { errorWords, saidError } from '../../errorWords';
import { formatBytes } from '../../format';
import { strings } from '../../strings';
import { api } from '../../transport/api';
import { modelsKey, shouldRetry } from '../../state/queries';

interface Props {
  connection: string;
  model: string;
}

const key = ['model-jobs'];
/** How often the progress is asked for (ms). */
const EVERY_MS = 1_000;
const words = strings.models.pull;

/** A button for staff that pulls a model, and how far it is: also after a reload. Others see nothing. */
export function PullModel({ connection, model }: Props) {
  const client = useQueryClient();
  const staff = useStaff();
  const { data: jobs } = useQuery({
    queryKey: key,
    queryFn: ({ signal }) => api.modelJobs(signal),
    enabled: staff,
    retry: shouldRetry,
    refetchInterval: ({ state }) => (state.data?.some(isOpen) ? EVERY_MS : false),
  });
  const job = jobs?.find((entry) => entry.kind === 'pull' && entry.model === model && entry.connection === connection);
  const done = job?.state === 'done';
  const start = useMutation({
    mutationFn: () => api.pullModel(connection, model),
    onSettled: () => client.invalidateQueries({ queryKey: key }),
  });
  useEffect(() => {
    if (done) void client.invalidateQueries({ queryKey: modelsKey });
  }, [done, client]);
  if (!staff) return null;
  if (job && isOpen(job)) {
    const known = job.total_bytes > 0;
    return (
      <div className="mt-4">
        <p role="status">{known ? words.progress(model, formatBytes(job.done_bytes), formatBytes(job.total_bytes)) : words.begins(model)}</p>
        <progress
          className="progress-bar mt-2"
          aria-label={words.begins(model)}
          {...(known && { value: job.done_bytes, max: job.total_bytes })}
        />
      </div>
    );
  }
  const problem = start.error ? saidError(start.error) : job?.state === 'failed' && errorWords({ code: job.error_code, message: job.error });
  return (
    <div className="mt-4">
      {problem && (
        <p role="alert" className="mb-2 text-danger">
          {problem}
        </p>
      )}
      <button type="button" className="button button-primary" disabled={start.isPending} onClick={() => start.mutate()}>
        <Download className="size-4" aria-hidden />
        {words.now(model)}
      </button>
    </div>
  );
}

/** Servers of the settings that keep no models of their own. */
const CANNOT_PULL = new Set(['openai', 'inference', 'local', 'echo']);

/**
 * For staff, where a model is asked for that its server does not have: pulls it.
 *
 * @param connection empty where it is not known; then the page *Models* asks
 */
export function PullMissing({ connection, model }: Props) {
  if (model === '' || CANNOT_PULL.has(connection)) return null;
  return connection === 'ollama' ? <PullModel connection={connection} model={model} /> : <PullLink model={model} at={connection} />;
}

/** The model of a failure that says that it is not there; null for any other. */
export function missingModel(code: string | undefined, model: string | null | undefined): string | null {
  return code === 'model_not_found' && model ? model : null;
}

/** For staff, where a model was looked for that is not there, `at` a server: the way to pull it. */
export function PullLink({ model, at = '' }: { model: string; at?: string }) {
  if (!useStaff()) return null;
  const where = at === '' ? '' : `&at=${encodeURIComponent(at)}`;
  return (
    <a className="link inline-flex min-h-9 items-center font-medium" href={`/models?pull=${encodeURIComponent(model)}${where}`}>
      {words.find(model)}
    </a>
  );
}

/** Whether the person may pull models. */
export function useStaff(): boolean {
  const { data: me } = useQuery({ queryKey: ['me'], queryFn: ({ signal }) => api.me(signal), retry: shouldRetry, staleTime: Infinity });
  return me?.is_staff ?? false;
}

function isOpen({ state }: { state: string }): boolean {
  return state === 'waiting' || state === 'running';
}
