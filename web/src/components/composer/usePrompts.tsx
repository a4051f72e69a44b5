import { useId, useState, type KeyboardEvent, type ReactNode } from 'react';
import { useLibrary } from '../../hooks/useLibrary';
import { useFrame } from '../../state/frame';
import { strings } from '../../strings';
import { PromptForm } from './PromptForm';
import { PromptList } from './PromptList';
import { queryOf, variablesOf, type OfferedPrompt } from './variables';

/** What the field shows and hears while something is suggested for its text. */
export interface Suggestions {
  attributes: Record<`aria-${string}`, string | undefined>;
  /** True when the key was for the list. */
  onKeyDown(event: KeyboardEvent): boolean;
  list: ReactNode;
}

interface PromptsHandle {
  suggestions: Suggestions | undefined;
  /** Asks for what is to be filled in, if there is any. */
  pick(prompt: OfferedPrompt): void;
  /** Where that is asked. */
  form: ReactNode;
}

/**
 * The prompt library at the composer: `/` opens it, typing filters it.
 *
 * @param onText puts a text into the composer
 */
export function usePrompts(text: string, onText: (text: string) => void): PromptsHandle {
  const id = useId();
  const query = queryOf(text);
  /** Where the keyboard is, and whether Escape was pressed, since this was typed. */
  const [state, setState] = useState({ query, at: 0, dismissed: false });
  const [asked, setAsked] = useState<OfferedPrompt | null>(null);
  const { entries, failed } = useLibrary('prompts', query !== null);
  // Once dismissed, until the text is another kind.
  if (state.query !== query) setState({ query, at: 0, dismissed: state.dismissed && query !== null });
  const found = query === null || state.dismissed ? [] : (entries ?? []).filter((prompt) => matches(prompt, query));
  /** Before the library is known, Enter waits: a prompt may be meant, or a message. */
  const unknown = query !== null && !state.dismissed && !entries && !failed;
  const at = Math.min(state.at, found.length - 1);
  const optionId = (index: number) => `${id}-${index}`;

  function pick(prompt: OfferedPrompt) {
    if (variablesOf(prompt.text).length > 0) setAsked(prompt);
    else onText(prompt.text);
  }

  function onKeyDown({ key, shiftKey, nativeEvent }: KeyboardEvent): boolean {
    if (nativeEvent.isComposing) return false;
    if (unknown) return key === 'Enter' && !shiftKey;
    const last = found.length - 1;
    const to = { ArrowDown: at === last ? 0 : at + 1, ArrowUp: at === 0 ? last : at - 1 }[key];
    if (to !== undefined) setState({ ...state, at: to });
    else if ((key === 'Enter' || key === 'Tab') && !shiftKey) pick(found[at]!);
    else if (key === 'Escape') setState({ ...state, dismissed: true });
    else return false;
    return true;
  }

  function suggestions(): Suggestions | undefined {
    if (unknown) return { attributes: {}, onKeyDown, list: null };
    if (found.length === 0) return undefined;
    return {
      attributes: {
        'aria-autocomplete': 'list',
        'aria-controls': `${id}-list`,
        'aria-activedescendant': optionId(at),
      },
      onKeyDown,
      list: (
        <PromptList
          id={`${id}-list`}
          optionId={optionId}
          prompts={found}
          query={query ?? ''}
          at={at}
          onPick={pick}
          onManage={() => {
            onText('');
            useFrame.setState({ prompts: true });
          }}
        />
      ),
    };
  }

  return {
    pick,
    suggestions: suggestions(),
    form: asked && (
      <PromptForm
        prompt={asked}
        onFill={(filled) => {
          setAsked(null);
          onText(filled);
        }}
        onClose={() => setAsked(null)}
      />
    ),
  };
}

/** Every word is in the name or the text. */
function matches({ name, text }: OfferedPrompt, query: string): boolean {
  const all = `${name} ${text}`.toLowerCase();
  return query
    .toLowerCase()
    .split(/\s+/)
    .every((word) => all.includes(word));
}

/** The prompts that a new chat begins with: the first ones of the library. */
export function firstPrompts(entries: OfferedPrompt[] | undefined): readonly OfferedPrompt[] {
  return entries?.slice(0, strings.empty.prompts.length) ?? strings.empty.prompts;
}
