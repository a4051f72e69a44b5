import { use, useId, useState } from 'react';
import type { ToolCall } from '../../protocol';
import type { ThreadMessage } from '../../session/thread';
import { strings } from '../../strings';
import { Actions, type Decision } from './actions';
import { CallName } from './CallName';

/** Asks whether a tool may be called. Its arguments may be changed before it is allowed. */
export function CallQuestion({ message, call }: { message: ThreadMessage; call: ToolCall }) {
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
    <section aria-label={words.lines.asked(call.name)} className="rounded-card border border-line bg-surface p-3 text-sm">
      <p className="mb-2">
        <CallName call={call} title={words.lines.asked(call.name)} />
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
