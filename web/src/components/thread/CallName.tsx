import type { ToolCall } from '../../protocol';

/** What is said of a tool, and its server. */
export function CallName({ call, title }: { call: ToolCall; title: string }) {
  return (
    <>
      <strong className="font-medium">{title}</strong>
      {call.server !== '' && <span className="text-ink-muted"> · {call.server}</span>}
    </>
  );
}

/** Arguments, or a result. */
export function CallText({ label, text }: { label: string; text: string }) {
  return (
    <>
      <p className="text-xs text-ink-muted">{label}</p>
      <pre dir="auto" tabIndex={0} aria-label={label} className="scroll-quiet mb-2 max-h-64 overflow-auto text-xs whitespace-pre-wrap">
        {text}
      </pre>
    </>
  );
}
