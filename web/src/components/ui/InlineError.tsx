import { CircleAlert, RotateCcw } from 'lucide-react';
import type { ReactNode } from 'react';
import { strings } from '../../strings';

interface Props {
  message: string;
  code?: string | undefined;
  /** The provider's own words. */
  detail?: string | undefined;
  provider?: string | undefined;
  /** Absent where asking again makes no sense. */
  onRetry?: (() => void) | undefined;
  /** Other ways on, beside that. */
  children?: ReactNode;
}

/** A failure at the place where it happened: what, at whom, and the way on. */
export function InlineError({ message, code, detail, provider, onRetry, children }: Props) {
  return (
    <div role="alert" className="my-2 flex gap-3 rounded-control bg-danger-soft px-4 py-3 text-sm">
      <CircleAlert className="mt-0.5 size-4.5 shrink-0 text-danger" aria-hidden />
      <div className="min-w-0 flex-1">
        <p className="font-medium break-words">{message}</p>
        {provider && <p className="mt-0.5 text-ink-muted">{strings.reply.provider(provider)}</p>}
        {code && (
          <details className="mt-1 text-xs text-ink-muted">
            <summary className="inline-block rounded-control py-1 underline underline-offset-2 hover:text-ink">
              {strings.reply.details}
            </summary>
            {detail && <p dir="auto" className="pb-1 font-mono break-words whitespace-pre-wrap">{detail}</p>}
            <p dir="auto" className="pb-1 font-mono">{strings.reply.errorCode(code)}</p>
          </details>
        )}
        {(onRetry || children) && (
          <div className="mt-2 flex flex-wrap gap-2 empty:hidden">
            {onRetry && <RetryButton onRetry={onRetry} />}
            {children}
          </div>
        )}
      </div>
    </div>
  );
}

export function RetryButton({ onRetry }: { onRetry: () => void }) {
  return (
    <button type="button" className="button button-quiet" onClick={onRetry}>
      <RotateCcw className="size-4" aria-hidden />
      {strings.reply.tryAgain}
    </button>
  );
}
