import { use, useId, useState } from 'react';
import type { ToolCall } from '../../protocol';
import type { ThreadMessage } from '../../session/thread';
import { strings } from '../../strings';
import { Actions, type Decision } from './actions';

/** The tools that a reply called: a question where somebody has to decide, else a line for each. */
export function ToolCalls({ message }: { message: ThreadMessage }) {
  const calls = message.metadata?.tool_calls ?? [];
  if (calls.length === 0) return null;
  return (
    <ul aria-label={strings.calls.title} className="my-2 flex flex-col gap-2">
      {calls.map((call) => (
        <li key={call.id}>
          <Call message={message} call={call} />
        </li>
      ))}
    </ul>
  );
}

function Call({ message, call }: { message: ThreadMessage; call: ToolCall }) {
  if (call.state === 'asked') return <Question message={message} call={call} />;
  if (call.state === 'needs_sign_in') return <SignIn message={message} call={call} />;
  return <Line call={call} />;
}

/** Its server wants to know the person. The call goes on by itself after that. */
function SignIn({ message, call }: { message: ThreadMessage; call: ToolCall }) {
  const words = strings.calls;
  const actions = use(Actions);
  const [sent, setSent] = useState(false);
  const deny = () => {
    setSent(true);
    void actions?.decide(message, call, { allow: false }).finally(() => setSent(false));
  };
  return (
    <section aria-label={`${call.name} ${words.states.needs_sign_in}`} className="rounded-card border border-line bg-surface p-3 text-sm">
      <p className="mb-2">
        <Name call={call} />
        <span className="text-ink-muted"> · {words.states.needs_sign_in}</span>
      </p>
      <Text label={words.arguments} text={JSON.stringify(call.arguments, null, 2)} />
      <p className="text-xs text-ink-muted">{words.signInNote}</p>
      <div className="mt-2 flex flex-wrap gap-2">
        <a className="button button-primary" href={`/tools/${encodeURIComponent(call.server)}/sign-in`} target="_blank" rel="noopener noreferrer">
          {words.signIn(call.server)}
        </a>
        <button type="button" className="button button-quiet" disabled={sent || !actions} onClick={deny}>
          {words.deny}
        </button>
      </div>
    </section>
  );
}

function Line({ call }: { call: ToolCall }) {
  const words = strings.calls;
  const took = call.took_s ? ` · ${words.seconds(call.took_s.toFixed(1))}` : '';
  return (
    <details className="rounded-card border border-line px-3 py-1 text-sm">
      <summary className="cursor-pointer py-1.5 pointer-coarse:py-2.5">
        <Name call={call} />
        <span role="status" className="text-ink-muted">
          {' · '}
          {words.states[call.state]}
          {took}
        </span>
      </summary>
      <Text label={words.arguments} text={JSON.stringify(call.arguments, null, 2)} />
      {call.result !== undefined && call.result !== '' && <Text label={words.result} text={call.result} />}
      {call.truncated && <p className="pb-2 text-xs text-ink-muted">{words.truncated}</p>}
    </details>
  );
}

function Name({ call }: { call: ToolCall }) {
  return (
    <>
      <strong className="font-medium">{call.name}</strong>
      {call.server !== '' && <span className="text-ink-muted"> · {call.server}</span>}
    </>
  );
}

function Text({ label, text }: { label: string; text: string }) {
  return (
    <>
      <p className="text-xs text-ink-muted">{label}</p>
      <pre dir="auto" tabIndex={0} aria-label={label} className="scroll-quiet mb-2 max-h-64 overflow-auto text-xs whitespace-pre-wrap">
        {text}
      </pre>
    </>
  );
}

/** Its arguments may be changed before the call is allowed. */
function Question({ message, call }: { message: ThreadMessage; call: ToolCall }) {
  const words = strings.calls;
  const id = useId();
  const actions = use(Actions);
  const given = JSON.stringify(call.arguments, null, 2);
  const [text, setText] = useState(given);
  const [reason, setReason] = useState('');
  const [sent, setSent] = useState(false);
  const changed = parsed(text);
  const decide = (decision: Decision) => {
    setSent(true);
    void actions?.decide(message, call, decision).finally(() => setSent(false));
  };
  const allow = (remember: Decision['remember']) => () =>
    decide({ allow: true, remember, ...(text === given || !changed ? {} : { arguments: changed }) });
  return (
    <section aria-label={words.asks(call.name)} className="rounded-card border border-line bg-surface p-3 text-sm">
      <p className="mb-2">
        <Name call={call} />
        <span className="text-ink-muted"> · {words.states.asked}</span>
      </p>
      <label htmlFor={`${id}-arguments`} className="text-xs text-ink-muted">
        {words.arguments}
      </label>
      <textarea
        id={`${id}-arguments`}
        rows={Math.min(8, given.split('\n').length)}
        spellCheck={false}
        dir="auto"
        className="field scroll-quiet mt-1 max-h-64 resize-y py-2 font-mono text-xs"
        aria-invalid={!changed}
        aria-describedby={changed ? undefined : `${id}-wrong`}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
      />
      {!changed && (
        <p id={`${id}-wrong`} className="mt-1 text-xs">
          {words.invalid}
        </p>
      )}
      <input
        className="field mt-2 h-9 py-1 text-sm pointer-coarse:h-11"
        aria-label={words.reason}
        placeholder={words.reason}
        maxLength={2000}
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
      />
      <div className="mt-2 flex flex-wrap gap-2">
        <button type="button" className="button button-primary" disabled={sent || !changed || !actions} onClick={allow('once')}>
          {words.once}
        </button>
        <button type="button" className="button button-quiet" disabled={sent || !changed || !actions} onClick={allow('conversation')}>
          {words.here}
        </button>
        <button type="button" className="button button-quiet" disabled={sent || !changed || !actions} onClick={allow('always')}>
          {words.always}
        </button>
        <button
          type="button"
          className="button button-quiet"
          disabled={sent || !actions}
          onClick={() => decide({ allow: false, ...(reason === '' ? {} : { reason }) })}
        >
          {words.deny}
        </button>
      </div>
    </section>
  );
}

/** The object that a text holds; null for anything else. */
function parsed(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
