import { use, useId, useState } from 'react';
import type { Answer, Question, QuestionField, ToolCall } from '../../protocol';
import type { ThreadMessage } from '../../session/thread';
import { strings } from '../../strings';
import { Actions } from './actions';
import { CallName } from './CallName';

type Value = string | boolean | string[];
type Values = Record<string, Value>;

const TYPES: Record<string, string> = { email: 'email', uri: 'url', date: 'date' };

interface Props {
  message: ThreadMessage;
  call: ToolCall;
  questions: Question[];
}

/** What a tool server asks in the middle of a call: forms, or addresses to be opened. */
export function CallInput({ message, call, questions }: Props) {
  const words = strings.calls;
  const actions = use(Actions);
  const [sent, setSent] = useState(false);
  const [values, setValues] = useState(() => Object.fromEntries(questions.map((question) => [question.id, initial(question)])));
  const answer = (action: Answer['action']) => {
    setSent(true);
    const answers = Object.fromEntries(
      questions.map((question) => [
        question.id,
        action === 'accept' && question.schema ? { action, content: content(question, values[question.id] ?? {}) } : { action },
      ]),
    );
    void actions?.decide(message, call, { allow: true, answers }).finally(() => setSent(false));
  };
  return (
    <form
      aria-label={words.asksInput(call.name)}
      className="rounded-card border border-line bg-surface p-3 text-sm"
      onSubmit={(event) => {
        event.preventDefault();
        answer('accept');
      }}
    >
      <p className="mb-2">
        <CallName call={call} title={words.asksInput(call.name)} />
      </p>
      {questions.map((question) => (
        <fieldset key={question.id} className="mb-2">
          <legend dir="auto" className="[overflow-wrap:anywhere] whitespace-pre-wrap">
            {question.message}
          </legend>
          {question.url !== undefined && <Address url={question.url} />}
          {Object.entries(question.schema?.properties ?? {}).map(([name, field]) => (
            <Field
              key={name}
              name={name}
              field={field}
              required={question.schema?.required?.includes(name) ?? false}
              value={values[question.id]?.[name]}
              onChange={(value) =>
                setValues((before) => ({ ...before, [question.id]: { ...before[question.id], [name]: value } }))
              }
            />
          ))}
        </fieldset>
      ))}
      <div className="mt-3 flex flex-wrap gap-2">
        <button className="button button-primary" disabled={sent || !actions}>
          {questions.some(({ url }) => url !== undefined) ? words.opened : words.send}
        </button>
        <button type="button" className="button button-quiet" disabled={sent || !actions} onClick={() => answer('decline')}>
          {words.decline}
        </button>
        <button type="button" className="button button-quiet" disabled={sent || !actions} onClick={() => answer('cancel')}>
          {words.dismiss}
        </button>
      </div>
    </form>
  );
}

/** The host is what tells where it leads. */
function Address({ url }: { url: string }) {
  return (
    <p className="mt-1">
      <a className="link font-medium" href={url} target="_blank" rel="noopener noreferrer">
        {strings.calls.open(new URL(url).host)}
      </a>
      <span dir="ltr" className="block text-xs break-all text-ink-muted">
        {url}
      </span>
    </p>
  );
}

interface FieldProps {
  name: string;
  field: QuestionField;
  required: boolean;
  value: Value | undefined;
  onChange(value: Value): void;
}

function Field({ name, field, required, value, onChange }: FieldProps) {
  const id = useId();
  const label = field.title ?? name;
  const hint = field.description && (
    <p id={`${id}-hint`} dir="auto" className="mt-1 text-xs text-ink-muted">
      {field.description}
    </p>
  );
  const described = field.description ? `${id}-hint` : undefined;
  const options = choices(field);
  if (field.type === 'boolean') {
    return (
      <div className="mt-2">
        <label className="flex items-center gap-2 pointer-coarse:min-h-11">
          <input
            type="checkbox"
            className="size-4 shrink-0 pointer-coarse:size-5"
            aria-describedby={described}
            checked={value === true}
            onChange={(event) => onChange(event.currentTarget.checked)}
          />
          {label}
        </label>
        {hint}
      </div>
    );
  }
  if (field.type === 'array') {
    const chosen = Array.isArray(value) ? value : [];
    return (
      <fieldset className="mt-2" aria-describedby={described}>
        <legend className="font-medium">{label}</legend>
        {options.map(([option, text]) => (
          <label key={option} className="flex items-center gap-2 pointer-coarse:min-h-11">
            <input
              type="checkbox"
              className="size-4 shrink-0 pointer-coarse:size-5"
              checked={chosen.includes(option)}
              onChange={(event) => onChange(event.currentTarget.checked ? [...chosen, option] : chosen.filter((one) => one !== option))}
            />
            {text}
          </label>
        ))}
        {hint}
      </fieldset>
    );
  }
  const text = typeof value === 'string' ? value : '';
  return (
    <div className="mt-2">
      <label htmlFor={id} className="mb-1 block font-medium">
        {label}
        {!required && <span className="font-normal text-ink-muted"> · {strings.calls.optional}</span>}
      </label>
      {options.length > 0 ? (
        <select id={id} className="field h-9 py-1 text-sm pointer-coarse:h-11" required={required} aria-describedby={described} value={text} onChange={(event) => onChange(event.currentTarget.value)}>
          <option value="">{strings.calls.choose}</option>
          {options.map(([option, shown]) => (
            <option key={option} value={option}>
              {shown}
            </option>
          ))}
        </select>
      ) : (
        <input
          id={id}
          className="field h-9 py-1 text-sm pointer-coarse:h-11"
          dir="auto"
          autoComplete="off"
          required={required}
          aria-describedby={described}
          value={text}
          onChange={(event) => onChange(event.currentTarget.value)}
          {...(isNumber(field)
            ? { type: 'number', step: field.type === 'integer' ? 1 : 'any', min: field.minimum, max: field.maximum }
            : { type: TYPES[field.format ?? ''] ?? 'text', minLength: field.minLength, maxLength: field.maxLength })}
        />
      )}
      {hint}
    </div>
  );
}

function isNumber({ type }: QuestionField): boolean {
  return type === 'number' || type === 'integer';
}

/** The values that may be chosen, with their texts. */
function choices(field: QuestionField): [string, string][] {
  const from = field.type === 'array' ? (field.items ?? {}) : field;
  const titled = from.oneOf ?? from.anyOf;
  if (titled) return titled.map(({ const: value, title }) => [value, title ?? value]);
  return (from.enum ?? []).map((value, index) => [value, from.enumNames?.[index] ?? value]);
}

function initial({ schema }: Question): Values {
  const fields = Object.entries(schema?.properties ?? {});
  return Object.fromEntries(
    fields.map(([name, { type, default: usual }]): [string, Value] => {
      if (type === 'boolean') return [name, usual === true];
      if (type === 'array') return [name, Array.isArray(usual) ? usual.map(String) : []];
      return [name, usual === undefined || usual === null ? '' : String(usual)];
    }),
  );
}

/** What is sent of a form: fields that are empty are left out. */
function content({ schema }: Question, values: Values): Record<string, unknown> {
  const fields = Object.entries(schema?.properties ?? {});
  return Object.fromEntries(
    fields
      .map(([name, field]): [string, unknown] => [name, isNumber(field) && values[name] !== '' ? Number(values[name]) : values[name]])
      .filter(([, value]) => value !== '' && value !== undefined),
  );
}
