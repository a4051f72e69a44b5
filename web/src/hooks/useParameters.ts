/**
 * The parameters of one conversation: what the server remembers of it, under what was changed on
 * this page. A change goes with each turn from the next one on, and is saved after a pause.
 */
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useCallback, useEffect, useMemo, useRef } from 'react';
import { api } from '../api';
import type { Conversation } from '../protocol';
import {
  defaultsOf,
  toParameters,
  usualBounds,
  type ParameterBounds,
  type Values,
} from '../state/parameters';
import { conversationKey, conversationQuery } from '../state/queries';
import { changedParameters, useSettings } from '../state/settings';
import { useModels } from './useModels';

/** A slider that is being dragged saves once, this long (ms) after it stands still. */
export const SAVE_AFTER_MS = 600;

export interface ParametersHandle {
  values: Values;
  bounds: ParameterBounds;
  /** True when every value is the default. */
  pristine: boolean;
  /** Clamps to the bounds, applies from the next turn on, and saves after a pause. */
  change(patch: Partial<Values>): void;
  reset(): void;
}

export function useParameters(conversationId: string): ParametersHandle {
  const { models } = useModels();
  const { data: conversation } = useQuery(conversationQuery(conversationId));
  const changed = useSettings((store) => store.changed[conversationId]);
  const apply = useSettings((store) => store.change);
  const save = useSave(conversationId);

  const bounds = models?.parameters ?? usualBounds;
  const defaultModel = models?.default ?? null;
  const defaults = useMemo(() => defaultsOf(bounds, defaultModel), [bounds, defaultModel]);
  const values = useMemo(
    () => ({ ...defaults, ...conversation?.settings, ...changed }),
    [defaults, conversation?.settings, changed],
  );

  const change = useCallback(
    (patch: Partial<Values>) => {
      apply(conversationId, toParameters(patch, bounds, defaultModel));
      save();
    },
    [apply, save, conversationId, bounds, defaultModel],
  );
  const reset = useCallback(() => change(defaults), [change, defaults]);

  const names = Object.keys(defaults) as (keyof Values)[];
  return {
    values,
    bounds,
    pristine: names.every((name) => values[name] === defaults[name]),
    change,
    reset,
  };
}

/** Saves what was changed after a pause, or when the conversation or the page is left before. */
function useSave(conversationId: string): () => void {
  const queryClient = useQueryClient();
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);

  const flush = useCallback(() => {
    if (timer.current === undefined) return;
    clearTimeout(timer.current);
    timer.current = undefined;
    const changed = changedParameters(conversationId);
    if (!changed) return;
    api.saveSettings(conversationId, changed).then(
      ({ settings }) =>
        queryClient.setQueryData<Conversation>(
          conversationKey(conversationId),
          (known) => known && { ...known, settings },
        ),
      // The values go with the next turn in any case, and the server remembers them then.
      () => {},
    );
  }, [conversationId, queryClient]);

  useEffect(() => {
    window.addEventListener('pagehide', flush);
    return () => {
      window.removeEventListener('pagehide', flush);
      flush();
    };
  }, [flush]);

  return useCallback(() => {
    clearTimeout(timer.current);
    timer.current = setTimeout(flush, SAVE_AFTER_MS);
  }, [flush]);
}
