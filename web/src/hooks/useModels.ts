/** The models to choose from, and the bounds of the parameters. */
import { useQuery } from '@tanstack/react-query';
import { useEffect, useMemo } from 'react';
import { api, ApiError } from '../transport/api';
import type { ModelList } from '../protocol';
import { errorWords, saidError } from '../errorWords';
import { strings } from '../strings';
import { readStored, writeStored } from '../stored';
import { learnLabels } from '../state/models';
import { modelsKey, shouldRetry } from '../state/queries';

const STORED_AS = 'chat.models';
/** A list this young (ms) is not asked for again; models come and go seldom. */
const FRESH_MS = 60_000;

export interface ModelsHandle {
  /** The last list known (from the browser's store at first), or undefined before the first. */
  models: ModelList | undefined;
  loading: boolean;
  /** Why the list is missing: the server did not answer, or its provider did not. */
  error: { code: string; message: string } | null;
  refresh(): void;
}

export function useModels(): ModelsHandle {
  const { data, error, isFetching, refetch } = useQuery({
    queryKey: modelsKey,
    queryFn: ({ signal }) => api.models(signal),
    // The last list is there at once and refreshed behind.
    initialData: () => readStored<ModelList>(STORED_AS),
    initialDataUpdatedAt: 0,
    staleTime: FRESH_MS,
    networkMode: 'always',
    retry: shouldRetry,
  });
  // At once: the messages that are drawn next say these names.
  if (data) learnLabels(data);
  useEffect(() => {
    if (data && !data.error) writeStored(STORED_AS, data);
  }, [data]);
  // The same object until something changes: every message of a thread reads it.
  return useMemo(
    () => ({
      models: data,
      loading: isFetching,
      error: error ? describe(error) : data?.error ? { ...data.error, message: errorWords(data.error) } : null,
      refresh: () => void refetch(),
    }),
    [data, isFetching, error, refetch],
  );
}

function describe(error: Error): { code: string; message: string } {
  if (error instanceof ApiError) return { code: error.code, message: saidError(error) };
  return { code: 'unreachable', message: strings.errors.unreachable };
}
