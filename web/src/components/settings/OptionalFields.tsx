import { useId, type ReactNode } from 'react';
import { formatCount } from '../../format';
import type { ParametersHandle } from '../../hooks/useParameters';
import type { Model, ModelList } from '../../protocol';
import { OPTIONAL, type OptionalName } from '../../state/parameters';
import { strings } from '../../strings';
import { NumberField, TextsField } from './optionalInputs';

const words = strings.optional;

export interface OptionalProps {
  parameters: ParametersHandle;
  models: ModelList | undefined;
  /** The one that answers; undefined where it is not known. */
  model: Model | undefined;
  /** Why the server refused a parameter, by its name. */
  refused: Record<string, string>;
}

/** How long the model thinks, where it does, and what is added to the reply's tokens for that. */
export function EffortField({ parameters: { chosen, choose }, models, model, refused }: OptionalProps) {
  const id = useId();
  const value = chosen.reasoning_effort ?? '';
  if (!model?.parameters?.includes('reasoning_effort') && value === '') return null;
  const tokens = models?.reasoning_tokens;
  return (
    <Named id={id} name="reasoning_effort" model={model} value={chosen.reasoning_effort} refused={refused} more={tokens === undefined ? '' : words.reasoningTokens(formatCount(tokens))}>
      <select
        id={id}
        aria-describedby={`${id}-help`}
        value={value}
        onChange={(event) => choose({ reasoning_effort: event.currentTarget.value || null })}
        className="field min-h-11 py-0 text-sm"
      >
        <option value="">{words.efforts.usual}</option>
        {(models?.choices?.reasoning_effort ?? []).map((effort) => (
          <option key={effort} value={effort}>
            {(words.efforts as Record<string, string>)[effort] ?? effort}
          </option>
        ))}
      </select>
    </Named>
  );
}

/** What only some models have, each with a sentence: those of this model, and what was chosen. */
export function OptionalFields(props: OptionalProps) {
  const { parameters, model } = props;
  const { chosen, choose } = parameters;
  const shown = OPTIONAL.filter(
    (name) => name !== 'reasoning_effort' && (model?.parameters?.includes(name) || chosen[name] !== undefined),
  );
  return shown.map((name) => <OptionalField key={name} name={name} {...props} choose={choose} />);
}

const LIMITS = {
  seed: { min: -(2 ** 53), max: 2 ** 53, step: 1 },
  top_k: { min: 1, max: 1000, step: 1 },
  repeat_penalty: { min: 0, max: 2, step: 0.05 },
};

type FieldProps = OptionalProps & { name: OptionalName; choose: ParametersHandle['choose'] };

function OptionalField({ name, parameters: { chosen }, model, refused, choose }: FieldProps) {
  const id = useId();
  const named = { id, name, model, value: chosen[name], refused };
  if (name === 'response_format') {
    return (
      <Named {...named} bare>
        <label className="flex min-h-9 items-center gap-2.5 text-sm font-medium pointer-coarse:min-h-11">
          <input
            type="checkbox"
            className="size-4 accent-primary pointer-coarse:size-5"
            aria-describedby={`${id}-help`}
            checked={chosen.response_format === 'json'}
            onChange={(event) => choose({ response_format: event.currentTarget.checked ? 'json' : null })}
          />
          {words.names.response_format}
        </label>
      </Named>
    );
  }
  return (
    <Named {...named}>
      {name === 'stop' ? (
        <TextsField id={id} value={chosen.stop} onChange={(stop) => choose({ stop })} />
      ) : (
        name !== 'reasoning_effort' && (
          <NumberField id={id} value={chosen[name]} {...LIMITS[name]} onChange={(value) => choose({ [name]: value })} />
        )
      )}
    </Named>
  );
}

interface NamedProps {
  id: string;
  name: OptionalName;
  model: Model | undefined;
  value: unknown;
  refused: Record<string, string>;
  /** Another sentence. */
  more?: string;
  /** The children have the name. */
  bare?: boolean;
  children: ReactNode;
}

/** A field with its name, its sentence, and why it is not sent or was refused. */
function Named({ id, name, model, value, refused, more = '', bare = false, children }: NamedProps) {
  const missing = value !== undefined && model?.parameters !== undefined && !model.parameters.includes(name);
  const problem = value === undefined ? undefined : missing ? words.missing(model.label) : refused[name];
  return (
    <div>
      {!bare && (
        <label htmlFor={id} className="mb-1.5 block text-sm font-medium">
          {words.names[name]}
        </label>
      )}
      {children}
      <p id={`${id}-help`} className="mt-1 text-xs text-ink-muted">
        {problem && <span role="alert" className="mb-0.5 block text-danger">{problem}</span>}
        {words.help[name]} {more}
      </p>
    </div>
  );
}
