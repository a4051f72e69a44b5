/**
 * The settings of one conversation: those that the server has stored, under the changes made on
 * this page. A changed parameter goes with each turn from the next one on; every change is saved
 * after a pause, and before the next turn.
 */
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useCallback, useEffect, useMemo } from 'react';
import { api } from '../transport/api';
import type { Conversation, SettingsPatch } from '../protocol';
import {
  defaultsOf,
  merge,
  toPatch,
  usualBounds,
  type ParameterBounds,
  type Values,
} from '../state/parameters';
import { conversationKey, conversationQuery } from '../state/queries';
import { saveNow, saveSoon } from '../state/saving';
import { useSettings } from '../state/settings';
import { useModels } from './useModels';

export { SAVE_AFTER_MS } from '../state/saving';

const NUMBERS = ['temperature', 'max_tokens', 'top_p'] as const;

export interface ParametersHandle {
  values: Values;
  bounds: ParameterBounds;
  /** True when every number is the default. */
  pristine: boolean;
  /** Clamps to the bounds, applies from the next turn on, and saves after a pause. */
  change(patch: Partial<Values>): void;
  /** Resets the numbers, not the model or the system prompt. */
  reset(): void;
  systemPrompt: string;
  setSystemPrompt(text: string): void;
}

export function useParameters(conversationId: string): ParametersHandle {
  const { models } = useModels();
  const { data: conversation } = useQuery(conversationQuery(conversationId));
  const changed = useSettings((store) => store.changed[conversationId]);
  const change = useChange(conversationId);

  const bounds = models?.parameters ?? usualBounds;
  const defaultModel = models?.default ?? null;
  const defaults = useMemo(() => defaultsOf(bounds, defaultModel), [bounds, defaultModel]);
  const remembered = conversation?.settings;
  const values = useMemo(
    () => merge(defaults, { ...remembered, ...changed }),
    [defaults, remembered, changed],
  );

  return {
    values,
    bounds,
    pristine: NUMBERS.every((name) => values[name] === defaults[name]),
    change: useCallback((patch) => change(toPatch(patch, bounds)), [change, bounds]),
    reset: useCallback(() => {
      const { model: _, ...numbers } = defaults;
      change(toPatch(numbers, bounds));
    }, [change, defaults, bounds]),
    systemPrompt: (changed?.system_prompt ?? remembered?.system_prompt) || '',
    setSystemPrompt: useCallback((text) => change({ system_prompt: text }), [change]),
  };
}

/** Changes at once here; saves after a pause, or when the conversation or the page is left before. */
function useChange(conversationId: string): (patch: SettingsPatch) => void {
  const queryClient = useQueryClient();
  const apply = useSettings((store) => store.change);

  useEffect(() => {
    const flush = () => void saveNow(conversationId);
    window.addEventListener('pagehide', flush);
    return () => {
      window.removeEventListener('pagehide', flush);
      flush();
    };
  }, [conversationId]);

  return useCallback(
    (patch: SettingsPatch) => {
      apply(conversationId, patch);
      saveSoon(conversationId, async () => {
        const changed = useSettings.getState().changed[conversationId] ?? {};
        // A failure is repaired by the next save: parameters go with each turn anyway.
        const saved = await api.saveSettings(conversationId, changed).catch(() => null);
        if (!saved) return;
        queryClient.setQueryData<Conversation>(
          conversationKey(conversationId),
          (known) => known && { ...known, settings: saved.settings },
        );
      });
    },
    [apply, conversationId, queryClient],
  );
}
