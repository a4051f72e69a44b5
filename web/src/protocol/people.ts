/** A person, and what they keep to use again. */
import type { Settings } from './values';

export interface Entry {
  id: string;
  created_at: string;
  updated_at: string;
}

export interface Prompt extends Entry {
  name: string;
  /** `{{name}}` in it is to be filled in. */
  text: string;
  /** Which of those that everybody begins with it is; empty once it was changed. */
  starter: string;
}

export interface Preset extends Entry {
  name: string;
  settings: Settings;
}

export interface Library {
  prompts: Prompt;
  presets: Preset;
}

export type LibraryKind = keyof Library;

export interface Me {
  id: string | number;
  username: string;
  is_staff: boolean;
  /** The admin pages have something for them. */
  may_administer: boolean;
  /** Sent to the model with every prompt. */
  instructions?: string;
  /** Empty: the browser decides. */
  language?: string;
  theme?: 'system' | 'light' | 'dark';
  default_model?: string;
  /** Null: no limit. */
  limits?: Record<
    'requests_per_minute' | 'concurrent_requests' | 'tokens_per_day' | 'tokens_per_month',
    number | null
  >;
}
