import { useId } from 'react';
import { strings } from '../../strings';

/** The server takes no more, in characters. */
const LONGEST = 8000;

interface Props {
  value: string;
  onChange(text: string): void;
}

/** The system prompt of this conversation. */
export function SystemPrompt({ value, onChange }: Props) {
  const id = useId();
  return (
    <div>
      <label htmlFor={id} className="mb-1.5 block text-sm font-medium">
        {strings.settings.systemPrompt}
      </label>
      <textarea
        id={id}
        rows={3}
        maxLength={LONGEST}
        dir="auto"
        className="field auto-grow scroll-quiet max-h-64 min-h-24 resize-y py-2.5 text-sm"
        placeholder={strings.settings.systemPromptPlaceholder}
        aria-describedby={`${id}-help`}
        value={value}
        onChange={(event) => onChange(event.currentTarget.value)}
      />
      <p id={`${id}-help`} className="mt-1 text-xs text-ink-muted">
        {strings.settings.systemPromptHelp}
      </p>
    </div>
  );
}
