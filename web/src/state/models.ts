/** The names of models, and finding one of a list by its name. */
import type { Model } from '../protocol';

/** Ollama adds this to a name without a tag, and takes such a name for it. */
const LATEST = ':latest';

/** The name as people say it. */
export function shortName(name: string): string {
  return name.endsWith(LATEST) ? name.slice(0, -LATEST.length) : name;
}

/** Whether two names mean one model. What was remembered or made earlier may lack the tag. */
export function sameModel(one: string, other: string): boolean {
  return shortName(one) === shortName(other);
}

export function findModel(models: Model[], name: string): Model | undefined {
  return models.find((model) => sameModel(model.id, name));
}
