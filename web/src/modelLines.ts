/** The field *Models* of a connection's form: a line a model, `name = label` where people see another name. */

/** A line of the field with this name: all models are offered, and the others give labels. */
export const EVERY = '*';
export interface Choice {
  /** Whether all models are offered, also those that come later. */
  every: boolean;
  /** The models that are named, with their labels (empty: none). */
  labels: Map<string, string>;
}

/** Reads the lines of the field. */
export function readChoice(text: string): Choice {
  const labels = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [name = '', ...label] = line.split('=');
    if (name.trim()) labels.set(name.trim(), label.join('=').trim());
  }
  const every = labels.delete(EVERY) || labels.size === 0;
  return { every, labels };
}

/** The lines of the field for a choice. */
export function writeChoice({ every, labels }: Choice): string {
  const kept = [...labels].filter(([, label]) => !every || label);
  const lines = kept.map(([name, label]) => (label ? `${name} = ${label}` : name));
  return (every && lines.length > 0 ? [EVERY, ...lines] : lines).join('\n');
}
