import { use, useState } from 'react';
import type { ToolCall } from '../../protocol';
import type { ThreadMessage } from '../../session/thread';
import { strings } from '../../strings';
import { Actions } from './actions';
import { CallName, CallText } from './CallName';

/** Its server wants to know the person. The call goes on by itself after that. */
export function CallSignIn({ message, call }: { message: ThreadMessage; call: ToolCall }) {
  const words = strings.calls;
  const actions = use(Actions);
  const [sent, setSent] = useState(false);
  const deny = () => {
    setSent(true);
    void actions?.decide(message, call, { allow: false }).finally(() => setSent(false));
  };
  return (
    <section aria-label={words.lines.needs_sign_in(call.name)} className="rounded-card border border-line bg-surface p-3 text-sm">
      <p className="mb-2">
        <CallName call={call} title={words.lines.needs_sign_in(call.name)} />
      </p>
      <CallText label={words.arguments} text={JSON.stringify(call.arguments, null, 2)} />
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
