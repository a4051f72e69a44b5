/** The parameters that the user has changed on this page, by conversation. */
import { create } from 'zustand';
import type { Parameters } from '../protocol';

interface SettingsStore {
  changed: Record<string, Parameters>;
  change(conversationId: string, patch: Parameters): void;
}

export const useSettings = create<SettingsStore>()((set) => ({
  changed: {},
  change: (conversationId, patch) =>
    set(({ changed }) => ({
      changed: { ...changed, [conversationId]: { ...changed[conversationId], ...patch } },
    })),
}));

/** What goes with the next turn; undefined when nothing was changed. */
export function changedParameters(conversationId: string): Parameters | undefined {
  return useSettings.getState().changed[conversationId];
}
