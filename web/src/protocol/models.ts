/** Models, and the work on them. */

export interface Model {
  id: string;
  label: string;
  provider: string;
  /** Its server does not answer, and listed it when it last did. */
  stale?: boolean;
  context_length: number | null;
  capabilities: string[];
  /** What it has beside temperature, max_tokens and top_p. */
  parameters?: string[];
  size_bytes: number | null;
  parameter_size: string | null;
  quantization_level: string | null;
  /** True when prompts leave the machine; null when unknown. */
  remote: boolean | null;
}

export interface Bounds {
  min: number;
  max: number;
  step: number;
  default: number;
}

export interface ModelList {
  provider: string;
  /** What people call the servers, by their names. */
  provider_labels?: Record<string, string>;
  default: string | null;
  /** Set when the provider does not answer; `results` is then empty. */
  error: { code: string; message: string } | null;
  /** A sentence about the demonstration model, when that is what answers. */
  notice: string | null;
  /** The same sentence for other languages. */
  notice_code: string | null;
  results: Model[];
  parameters: { temperature: Bounds; max_tokens: Bounds; top_p: Bounds };
  choices?: { reasoning_effort: string[] };
  /** Added to `max_tokens` for a model that thinks. */
  reasoning_tokens?: number;
}

/** Work on a model of a server that keeps models. */
export interface ModelJob {
  id: string;
  connection: string;
  model: string;
  kind: 'pull' | 'delete' | 'unload';
  state: 'waiting' | 'running' | 'done' | 'failed' | 'cancelled';
  done_bytes: number;
  total_bytes: number;
  error: string;
  /** Why it failed; empty where it did not. */
  error_code: string;
}
