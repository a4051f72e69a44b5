import { Square, SquareCheckBig } from 'lucide-react';
import { strings } from '../../strings';

/** The box of a task in a list. It shows a state and cannot be changed, so it is no form control. */
export function TaskMark({ done }: { done: boolean }) {
  const Icon = done ? SquareCheckBig : Square;
  return (
    <>
      <Icon className={`me-2 inline size-4.5 align-[-0.2em] ${done ? 'text-primary' : 'text-ink-muted'}`} aria-hidden />
      <span className="sr-only">{done ? strings.markdown.taskDone : strings.markdown.taskOpen} </span>
    </>
  );
}
