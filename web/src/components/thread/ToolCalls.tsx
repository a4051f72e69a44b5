import { Ban, Check, ChevronDown, CircleAlert, LoaderCircle, LogIn, type LucideIcon } from 'lucide-react';
import type { CallState, ToolCall } from '../../protocol';
import type { ThreadMessage } from '../../session/thread';
import { strings } from '../../strings';
import { contentUrl } from '../files/fileFacts';
import { CallInput } from './CallInput';
import { CallText } from './CallName';
import { CallQuestion } from './CallQuestion';
import { CallSignIn } from './CallSignIn';

const ICONS: Record<CallState, LucideIcon> = {
  asked: CircleAlert,
  needs_sign_in: LogIn,
  allowed: LoaderCircle,
  running: LoaderCircle,
  denied: Ban,
  done: Check,
  failed: CircleAlert,
  cancelled: Ban,
  interrupted: CircleAlert,
};

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
  if (call.state === 'needs_sign_in') return <CallSignIn message={message} call={call} />;
  if (call.state !== 'asked') return <Line call={call} />;
  // A server may ask more than once.
  if (call.input) return <CallInput key={call.input[0]?.id} message={message} call={call} questions={call.input} />;
  return <CallQuestion message={message} call={call} />;
}

function Line({ call }: { call: ToolCall }) {
  const words = strings.calls;
  const Icon = ICONS[call.state];
  const busy = call.state === 'running' || call.state === 'allowed';
  const bad = call.state === 'failed' || call.state === 'interrupted';
  return (
    <>
      <details className="group rounded-card border border-line px-3 text-sm">
        <summary className="flex cursor-pointer list-none items-center justify-between gap-2 py-2 pointer-coarse:py-3">
          <span role="status" className="flex min-w-0 items-center gap-2">
            <Icon
              className={`size-4 shrink-0 ${bad ? 'text-danger' : 'text-ink-muted'} ${busy ? 'motion-safe:animate-spin' : ''}`}
              strokeWidth={1.75}
              aria-hidden
            />
            <span className="min-w-0 [overflow-wrap:anywhere]">
              {words.lines[call.state](toolName(call))}
              <span className="text-ink-muted">
                {call.server !== '' && ` · ${call.server === 'builtin' ? words.builtIn : call.server}`}
                {call.took_s && call.took_s >= 0.05 ? ` · ${words.seconds(call.took_s.toFixed(1))}` : ''}
              </span>
            </span>
          </span>
          <ChevronDown className="size-4 shrink-0 text-ink-muted group-open:rotate-180" strokeWidth={1.75} aria-hidden />
        </summary>
        <CallText label={words.arguments} text={JSON.stringify(call.arguments, null, 2)} />
        {call.result !== undefined && call.result !== '' && <CallText label={words.result} text={call.result} />}
        {call.truncated && <p className="pb-2 text-xs text-ink-muted">{words.truncated}</p>}
      </details>
      {call.files && call.files.length > 0 && <Pictures ids={call.files} name={toolName(call)} />}
    </>
  );
}

/** The pictures of a result, which are files of the conversation. */
function Pictures({ ids, name }: { ids: string[]; name: string }) {
  return (
    <div className="mt-2 flex flex-wrap gap-2">
      {ids.map((id, index) => (
        <a key={id} href={contentUrl(id)} target="_blank" rel="noopener" className="rounded-control">
          <img
            src={contentUrl(id)}
            alt={strings.calls.picture(name, index + 1)}
            loading="lazy"
            className="max-h-80 min-h-11 max-w-full min-w-11 rounded-control border border-line object-contain"
          />
        </a>
      ))}
    </div>
  );
}

/** The name of a tool as words. */
function toolName({ name }: ToolCall): string {
  return name.replaceAll('_', ' ');
}
