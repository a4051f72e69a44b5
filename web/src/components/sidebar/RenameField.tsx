import { useLayoutEffect, useRef, useState } from 'react';
import { aroundStrings } from '../../strings/around';

/** As the server takes it. */
const MOST = 255;

interface Props {
  title: string;
  /** Null: it stays as it was. */
  onDone(title: string | null): void;
}

/** The title as a field. Enter and leaving it save, Escape cancels. */
export function RenameField({ title, onDone }: Props) {
  const [text, setText] = useState(title);
  const field = useRef<HTMLInputElement>(null);
  const done = useRef(false);
  useLayoutEffect(() => field.current?.select(), []);

  function finish(keep: boolean) {
    if (done.current) return;
    done.current = true;
    const next = text.trim();
    onDone(keep && next !== '' && next !== title ? next : null);
  }

  return (
    <input
      ref={field}
      aria-label={aroundStrings.sidebar.rename}
      maxLength={MOST}
      dir="auto"
      value={text}
      onChange={(event) => setText(event.currentTarget.value)}
      onBlur={() => finish(true)}
      onKeyDown={(event) => {
        if (event.nativeEvent.isComposing || (event.key !== 'Enter' && event.key !== 'Escape')) return;
        event.preventDefault();
        event.stopPropagation();
        finish(event.key === 'Enter');
      }}
      className="min-w-0 flex-1 rounded-control border border-primary bg-surface px-3 text-sm"
    />
  );
}
