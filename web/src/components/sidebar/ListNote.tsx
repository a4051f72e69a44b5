interface Props {
  text: string;
  hint?: string;
  action?: string;
  onAction?(): void;
}

/** A note in the place of the list, when there is none. */
export function ListNote({ text, hint, action, onAction }: Props) {
  return (
    <div className="flex-1 px-5 pt-8 text-center text-sm text-ink-muted">
      <p className="text-pretty break-words">{text}</p>
      {hint && <p className="mt-1 text-xs text-pretty">{hint}</p>}
      {action && (
        <button type="button" className="button button-quiet mt-4" onClick={onAction}>
          {action}
        </button>
      )}
    </div>
  );
}
