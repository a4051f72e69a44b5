/** The settings that the user has changed on this page, by conversation. */
import { create } from 'zustand';
import type { Parameters, SettingsPatch } from '../protocol';

interface SettingsStore {
  changed: Record<string, SettingsPatch>;
  change(conversationId: string, patch: SettingsPatch): void;
}

export const useSettings = create<SettingsStore>()((set) => ({
  changed: {},
  change: (conversationId, patch) =>
    set(({ changed }) => ({
      changed: { ...changed, [conversationId]: { ...changed[conversationId], ...patch } },
    })),
}));

/**
 * The parameters of the next turn; undefined when nothing was changed. A value to be forgotten is
 * left out (a turn takes no null), and so are the system prompt and the tools, which are no parameters.
 */
export function changedParameters(conversationId: string): Parameters | undefined {
  const changed = useSettings.getState().changed[conversationId];
  if (!changed) return undefined;
  const { system_prompt: _, tools: _tools, ...parameters } = changed;
  const given = Object.entries(parameters).filter(([, value]) => value !== null);
  return given.length > 0 ? (Object.fromEntries(given) as Parameters) : undefined;
}
