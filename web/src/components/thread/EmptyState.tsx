import type { ReactNode } from 'react';
import { strings } from '../../strings';
import { Mark } from '../ui/Brand';

interface Props {
  onPick(text: string): void;
  /** Which model is ready; until it is known, what to do. */
  lead?: string | undefined;
  /** Below the prompts. */
  children?: ReactNode;
}

/** A conversation without messages: four prompts that fill the composer. */
export function EmptyState({ onPick, lead = strings.empty.lead, children }: Props) {
  return (
    <div className="scroll-quiet flex min-h-0 flex-1 touch-pan-y touch-pinch-zoom flex-col overflow-y-auto" role="region" aria-label={strings.empty.title}>
      <div className="below-note m-auto w-full max-w-column px-4 py-8 max-sm:py-5">
        <Mark className="mb-5 size-12 max-sm:mb-3 max-sm:size-10" />
        <h2 className="text-2xl font-semibold tracking-tight text-balance">{strings.empty.title}</h2>
        <p className="mt-1 text-ink-muted">{lead}</p>
        <ul className="mt-6 grid gap-2.5 sm:grid-cols-2">
          {strings.empty.prompts.map(({ title, text }) => (
            <li key={title}>
              <button
                type="button"
                onClick={() => onPick(text)}
                className="flex h-full w-full flex-col rounded-card border border-line bg-surface p-4 text-start max-sm:py-2.5 transition-colors hover:border-line-strong hover:bg-sunken"
              >
                <span className="text-sm font-semibold">{title}</span>
                <span className="mt-1 text-sm text-ink-muted max-sm:line-clamp-1">{text.trim()}</span>
              </button>
            </li>
          ))}
        </ul>
        {children}
      </div>
    </div>
  );
}
