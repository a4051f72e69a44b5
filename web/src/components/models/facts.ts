import { formatBytes, formatCount, formatFacts } from '../../format';
import type { Model } from '../../protocol';
import { providerName } from '../../state/models';
import { strings } from '../../strings';

/** What every model that chats can do tells nothing. */
const PLAIN = 'completion';

/** Size, quantization, context and capabilities, as far as they are known. */
export function modelFacts(model: Model): string {
  return formatFacts([
    model.parameter_size ?? '',
    model.size_bytes ? formatBytes(model.size_bytes) : '',
    model.quantization_level ?? '',
    model.context_length ? strings.models.context(formatCount(model.context_length)) : '',
    model.capabilities.filter((name) => name !== PLAIN).join(', '),
  ]);
}

/** Where prompts go: empty when that is not known. */
export function placeOf({ remote }: Model): string {
  if (remote === null) return '';
  return remote ? strings.models.cloud : strings.models.local;
}

/** Every word is in the name, the label, the capabilities or the place. */
export function matchesModel(model: Model, wanted: string): boolean {
  const text = [model.id, model.label, model.provider, providerName(model.provider), ...model.capabilities, placeOf(model)].join(' ').toLowerCase();
  return wanted
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}
