import { ChevronRight } from 'lucide-react';
import { useEffect, useState, type MouseEvent } from 'react';
import { formatCount } from '../../format';
import { strings } from '../../strings';
import { Literal } from '../ui/Literal';

interface Props {
  text: string;
  /** The model has not begun to answer. */
  thinking: boolean;
  /** For how long it thought, in seconds, as the server has it. */
  thoughtFor?: number | undefined;
}

/** The model's reasoning: open while it thinks, closed when the answer begins; the reader may differ. */
export function ReasoningFold({ text, thinking, thoughtFor }: Props) {
  const [open, setOpen] = useState(thinking);
  const [wasThinking, setWasThinking] = useState(thinking);
  if (wasThinking !== thinking) {
    setWasThinking(thinking);
    setOpen(thinking);
  }
  const watched = useThinkingSeconds(thinking);
  const seconds = thinking || thoughtFor === undefined ? watched : Math.round(thoughtFor);
  // Not the toggle event: it also fires for our own opening, and may come after our closing.
  function turn(event: MouseEvent) {
    event.preventDefault();
    setOpen(!open);
  }
  return (
    <details className="mb-3 text-sm text-ink-muted" open={open}>
      {/* A click is also what the keyboard makes. */}
      <summary
        onClick={turn}
        className="inline-flex min-h-9 items-center gap-1.5 rounded-control pe-2 font-medium hover:text-ink"
      >
        <ChevronRight className="turns-when-open size-4 transition-transform" aria-hidden />
        <span className={`tabular-nums ${thinking ? 'animate-breathe' : ''}`}>{heading(thinking, seconds)}</span>
      </summary>
      <div className="mt-1 border-s-2 border-line ps-4 leading-relaxed break-words whitespace-pre-wrap" dir="auto">
        <Literal text={text} />
      </div>
    </details>
  );
}

function heading(thinking: boolean, seconds: number): string {
  if (thinking) {
    return seconds > 0
      ? `${strings.reasoning.open} · ${strings.phase.seconds(formatCount(seconds))}`
      : strings.reasoning.open;
  }
  return seconds > 0 ? strings.reasoning.doneFor(formatCount(seconds)) : strings.reasoning.done;
}

/** Seconds that we have watched it think. */
function useThinkingSeconds(thinking: boolean): number {
  const [seconds, setSeconds] = useState(0);
  useEffect(() => {
    if (!thinking) return;
    const start = Date.now();
    const timer = setInterval(() => setSeconds(Math.round((Date.now() - start) / 1000)), 1000);
    return () => clearInterval(timer);
  }, [thinking]);
  return seconds;
}
