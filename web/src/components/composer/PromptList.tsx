import { useEffect } from 'react';
import { strings } from '../../strings';
import { Marked } from '../ui/Marked';
import type { OfferedPrompt } from './variables';

interface Props {
  id: string;
  optionId(index: number): string;
  prompts: OfferedPrompt[];
  query: string;
  /** Where the keyboard is. */
  at: number;
  onPick(prompt: OfferedPrompt): void;
  onManage(): void;
}

const words = strings.prompts;

/** Prompts above the field, which keeps the focus. */
export function PromptList({ id, optionId, prompts, query, at, onPick, onManage }: Props) {
  const active = optionId(at);
  useEffect(() => {
    // It may return a promise, which is no way to clean up.
    document.getElementById(active)?.scrollIntoView?.({ block: 'nearest' });
  }, [active]);
  return (
    <div
      data-menu
      role="presentation"
      // The focus stays in the field.
      onMouseDown={(event) => event.preventDefault()}
      className="absolute inset-x-0 bottom-full z-10 mb-2 flex max-h-[min(20rem,50dvh)] animate-rise flex-col overflow-hidden rounded-card border border-line bg-surface text-sm shadow-dialog"
    >
      <div id={id} role="listbox" aria-label={words.title} className="scroll-quiet min-h-0 touch-pan-y overflow-y-auto overscroll-contain p-1.5">
        {prompts.map((prompt, index) => (
          // The field names the active one.
          // oxlint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/interactive-supports-focus
          <div
            key={optionId(index)}
            id={optionId(index)}
            role="option"
            aria-selected={index === at}
            onClick={() => onPick(prompt)}
            className="flex min-h-11 cursor-pointer flex-col justify-center rounded-control px-3 py-1.5 hover:bg-sunken aria-selected:bg-primary-soft forced-colors:aria-selected:outline-2"
          >
            <span className="truncate font-medium" dir="auto">
              <Marked text={prompt.name} query={query} />
            </span>
            <span className="truncate text-xs text-ink-muted" dir="auto">
              {prompt.text}
            </span>
          </div>
        ))}
      </div>
      <div className="flex shrink-0 items-center justify-between gap-3 border-t border-line px-4 text-xs text-ink-muted">
        <span className="pointer-coarse:hidden">{words.keys}</span>
        <button type="button" className="link min-h-9 pointer-coarse:min-h-11" onClick={onManage}>
          {words.manage}
        </button>
      </div>
    </div>
  );
}
