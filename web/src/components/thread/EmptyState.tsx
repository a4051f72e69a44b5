import type { ReactNode } from 'react';
import { useLibrary } from '../../hooks/useLibrary';
import { useFrame } from '../../state/frame';
import { openedPrompts } from '../../state/opened';
import { strings } from '../../strings';
import { firstPrompts } from '../composer/usePrompts';
import type { OfferedPrompt } from '../composer/variables';
import { Mark } from '../ui/Brand';

interface Props {
  onPick(prompt: OfferedPrompt): void;
  /** Which model is ready, when that is known. */
  ready?: string | undefined;
  /** Above the prompts: what has to be done before any of them is of use. */
  first?: ReactNode;
  /** Below the prompts. */
  children?: ReactNode;
}

/** A conversation without messages: the first prompts of the library, which fill the composer. */
export function EmptyState({ onPick, ready, first, children }: Props) {
  const { entries } = useLibrary('prompts');
  const offered = firstPrompts(entries ?? openedPrompts());
  return (
    <div className="scroll-quiet flex min-h-0 flex-1 touch-pan-y touch-pinch-zoom flex-col overflow-y-auto" role="region" aria-label={strings.empty.title}>
      <div className="below-note m-auto w-full max-w-column px-4 py-8 max-sm:py-5">
        <Mark className="mb-5 size-12 max-sm:mb-3 max-sm:size-10" />
        <h2 className="text-2xl font-semibold tracking-tight text-balance">{strings.empty.title}</h2>
        {/* On a phone the model stands below: what the server has drawn stays, and no larger text is painted later. */}
        <p className="mt-1 text-ink-muted max-sm:flex max-sm:min-h-[2lh] max-sm:flex-col-reverse max-sm:justify-end">
          {ready && <span>{ready} </span>}
          <span>{strings.empty.lead}</span>
        </p>
        {first}
        <ul className="mt-6 grid gap-2.5 sm:grid-cols-2">
          {offered.map((prompt, index) => (
            // Two may have the same name.
            // oxlint-disable-next-line react/no-array-index-key
            <li key={index}>
              <button
                type="button"
                onClick={() => onPick(prompt)}
                className="flex h-full w-full flex-col rounded-card border border-line bg-surface p-4 text-start max-sm:py-2.5 transition-colors hover:border-line-strong hover:bg-sunken"
              >
                <span className="text-sm font-semibold" dir="auto">{prompt.name}</span>
                <span className="mt-1 text-sm text-ink-muted line-clamp-3 max-sm:line-clamp-1" dir="auto">{prompt.text.trim()}</span>
              </button>
            </li>
          ))}
        </ul>
        <button
          type="button"
          className="link mt-3 min-h-9 text-xs pointer-coarse:min-h-11"
          onClick={() => useFrame.setState({ prompts: true })}
        >
          {strings.prompts.manage}
        </button>
        {children}
      </div>
    </div>
  );
}
