/** The names of models and providers, and finding a model of a list by its name. */
import type { Model } from '../protocol';
import { strings } from '../strings';

/** Ollama adds this to a name without a tag, and takes such a name for it. */
const LATEST = ':latest';

/** A file: servers that load one name the model by its path. */
const FILE = /^(?:[a-z]:)?[\\/].*[\\/]|\.gguf$/gi;

/** The name as people say it: `llama3.2` for `llama3.2:latest`, `x-Q4` for `/srv/models/x-Q4.gguf`. */
export function shortName(name: string): string {
  return withoutLatest(name.replace(FILE, '')) || name;
}

/** The provider as people say it; a connection without a known name keeps its own. */
export function providerName(provider: string): string {
  return strings.providers[provider] ?? provider;
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
