/**
 * The settings of one conversation: those that the server has stored, under the changes made on
 * this page. A changed parameter goes with each turn from the next one on; every change is saved
 * after a pause, and before the next turn.
 */
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useCallback, useEffect, useMemo } from 'react';
import { api } from '../transport/api';
import type { Conversation, Settings, SettingsPatch } from '../protocol';
import {
  chosenOf,
  defaultsOf,
  forgotten,
  merge,
  toPatch,
  usualBounds,
  type Chosen,
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
  /** What was chosen of that which only some models have. */
  chosen: Chosen;
  /** True when every number is the default, and nothing else was chosen. */
  pristine: boolean;
  /** Clamps to the bounds, applies from the next turn on, and saves after a pause. */
  change(patch: Partial<Values>): void;
  /** Changes what only some models have; null forgets. */
  choose(patch: SettingsPatch): void;
  /** Resets all but the model and the system prompt. */
  reset(): void;
  /** Takes the settings of a preset; what it does not have is the default. */
  apply(settings: Settings): void;
  /** What a preset keeps: all that differs from the defaults. */
  current(): Settings;
  systemPrompt: string;
  setSystemPrompt(text: string): void;
  /** Tool servers, or single tools, that replies may use. */
  tools: readonly string[];
  setTools(tools: string[]): void;
}

const NO_TOOLS: readonly string[] = [];

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

  const chosen = useMemo(() => chosenOf({ ...remembered, ...changed }), [remembered, changed]);
  const systemPrompt = (changed?.system_prompt ?? remembered?.system_prompt) || '';
  return {
    values,
    bounds,
    chosen,
    pristine: NUMBERS.every((name) => values[name] === defaults[name]) && Object.keys(chosen).length === 0,
    change: useCallback((patch) => change(toPatch(patch, bounds)), [change, bounds]),
    choose: change,
    reset: useCallback(() => change({ ...numbersOf(defaults, bounds), ...forgotten(chosen) }), [change, chosen, defaults, bounds]),
    apply: useCallback(
      ({ model, ...preset }) => {
        const numbers = numbersOf(merge(defaults, preset), bounds);
        const optional = { ...forgotten(chosen), ...chosenOf(preset) };
        const text = preset.system_prompt ?? '';
        change({ ...numbers, ...optional, system_prompt: text, ...(model ? { model } : {}) });
      },
      [change, chosen, defaults, bounds],
    ),
    current: useCallback(() => {
      const numbers = NUMBERS.filter((name) => values[name] !== defaults[name]).map((name) => [name, values[name]]);
      return {
        ...(Object.fromEntries(numbers) as Settings),
        ...chosen,
        ...(systemPrompt === '' ? {} : { system_prompt: systemPrompt }),
        ...(remembered?.model || changed?.model ? { model: values.model ?? '' } : {}),
      };
    }, [values, defaults, chosen, systemPrompt, remembered?.model, changed?.model]),
    systemPrompt,
    setSystemPrompt: useCallback((text) => change({ system_prompt: text }), [change]),
    tools: changed?.tools ?? remembered?.tools ?? NO_TOOLS,
    setTools: useCallback((tools) => change({ tools }), [change]),
  };
}

function numbersOf({ temperature, max_tokens, top_p }: Values, bounds: ParameterBounds): SettingsPatch {
  return toPatch({ temperature, max_tokens, top_p }, bounds);
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
