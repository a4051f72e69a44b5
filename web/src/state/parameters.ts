/** Pure rules for the parameters: which value holds, and what a value may be. */
import type { Bounds, Model, ModelList, Parameters, SettingsPatch } from '../protocol';

export type ParameterBounds = ModelList['parameters'];

/** The bounds until the server has sent its own. */
export const usualBounds: ParameterBounds = {
  temperature: { min: 0, max: 1, step: 0.1, default: 0.7 },
  max_tokens: { min: 256, max: 1024, step: 1, default: 512 },
  top_p: { min: 0, max: 1, step: 0.05, default: 1 },
};

/** What is sent only when somebody chose it, and only some models have. */
export const OPTIONAL = ['reasoning_effort', 'seed', 'stop', 'top_k', 'repeat_penalty', 'response_format'] as const;
export type OptionalName = (typeof OPTIONAL)[number];
export type Chosen = Pick<Parameters, OptionalName>;

/** The chosen ones among the settings. */
export function chosenOf(settings: SettingsPatch): Chosen {
  const chosen = OPTIONAL.map((name) => [name, settings[name]]).filter(([, value]) => value != null);
  return Object.fromEntries(chosen) as Chosen;
}

/** The change that forgets them. */
export function forgotten(chosen: Chosen): SettingsPatch {
  return Object.fromEntries(Object.keys(chosen).map((name) => [name, null]));
}

/** The parameters without those that the model does not have; all of them where that is not known. */
export function supported(parameters: Parameters | undefined, model: Model | undefined): Parameters | undefined {
  const has = model?.parameters;
  if (!parameters || !has) return parameters;
  const kept = Object.entries(parameters).filter(
    ([name]) => !(OPTIONAL as readonly string[]).includes(name) || has.includes(name),
  );
  return kept.length > 0 ? (Object.fromEntries(kept) as Parameters) : undefined;
}

export interface Values {
  temperature: number;
  max_tokens: number;
  top_p: number;
  /** Null: whatever the provider's default is. */
  model: string | null;
}

export function defaultsOf(bounds: ParameterBounds, model: string | null): Values {
  return {
    temperature: bounds.temperature.default,
    max_tokens: bounds.max_tokens.default,
    top_p: bounds.top_p.default,
    model,
  };
}

/** Into the bounds and onto the step. NaN (an empty field) gives the default. */
export function clamp(value: number, { min, max, step, default: usual }: Bounds): number {
  if (Number.isNaN(value)) return usual;
  const decimals = (String(step).split('.')[1] ?? '').length;
  const stepped = min + Math.round((value - min) / step) * step;
  return Number(Math.min(max, Math.max(min, stepped)).toFixed(decimals));
}

/** A change as it is sent: numbers clamped, and null for a value to be forgotten. */
export function toPatch(patch: Partial<Values>, bounds: ParameterBounds): SettingsPatch {
  const allowed: SettingsPatch = { ...patch };
  for (const name of ['temperature', 'max_tokens', 'top_p'] as const) {
    const value = patch[name];
    if (value !== undefined) allowed[name] = clamp(value, bounds[name]);
  }
  return allowed;
}

/** The effective values: stored or changed ones, else the defaults. */
export function merge(defaults: Values, given: SettingsPatch): Values {
  return {
    temperature: given.temperature ?? defaults.temperature,
    max_tokens: given.max_tokens ?? defaults.max_tokens,
    top_p: given.top_p ?? defaults.top_p,
    model: given.model ?? defaults.model,
  };
}
