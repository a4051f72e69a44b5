/** The names of models and providers, and finding a model of a list by its name. */
import type { Model, ModelList } from '../protocol';
import { strings } from '../strings';

/** Ollama adds this to a name without a tag, and takes such a name for it. */
const LATEST = ':latest';

/** A file: servers that load one name the model by its path. */
const FILE = /^(?:[a-z]:)?[\\/].*[\\/]|\.gguf$/gi;

/** The name as people say it: `llama3.2` for `llama3.2:latest`, `x-Q4` for `/srv/models/x-Q4.gguf`. */
export function shortName(name: string): string {
  return withoutLatest(name.replace(FILE, '')) || name;
}

/** The labels of the last list: replies know only the names of what answered. */
let learned: ModelList | undefined;
let modelLabels = new Map<string, string>();

/** Takes the labels of models and servers from a list. */
export function learnLabels(list: ModelList): void {
  if (list === learned) return;
  learned = list;
  modelLabels = new Map(list.results.map(({ id, provider, label }) => [labelKey(id, provider), label]));
}

/** The provider as people say it: by the label that staff gave it, else by its name. */
export function providerName(provider: string): string {
  return strings.providers[provider] ?? learned?.provider_labels?.[provider] ?? provider;
}

/** The model of a reply as people say it: by its label, while it is listed. */
export function modelName(model: string, provider: string | null | undefined): string {
  return shortName((provider && modelLabels.get(labelKey(model, provider))) || model);
}

function labelKey(model: string, provider: string): string {
  const prefix = `${provider}/`;
  return prefix + withoutLatest(model.startsWith(prefix) ? model.slice(prefix.length) : model);
}

/** Whether two names mean one model: an older name may lack the tag. */
export function sameModel(one: string, other: string): boolean {
  return withoutLatest(one) === withoutLatest(other);
}

function withoutLatest(name: string): string {
  return name.endsWith(LATEST) ? name.slice(0, -LATEST.length) : name;
}

export function findModel(models: Model[], name: string): Model | undefined {
  return models.find((model) => sameModel(model.id, name));
}
