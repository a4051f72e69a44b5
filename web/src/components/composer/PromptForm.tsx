import { X } from 'lucide-react';
import { useId, useState, type FormEvent } from 'react';
import { strings } from '../../strings';
import { IconButton } from '../ui/IconButton';
import { ModalDialog } from '../ui/ModalDialog';
import { filled, variablesOf, type OfferedPrompt } from './variables';

interface Props {
  prompt: OfferedPrompt;
  onFill(text: string): void;
  onClose(): void;
}

/** Asks for what is to be filled in a prompt. */
export function PromptForm({ prompt, onFill, onClose }: Props) {
  const id = useId();
  // A map: a variable may be called `__proto__`.
  const [values, setValues] = useState<ReadonlyMap<string, string>>(new Map());

  function fill(event: FormEvent) {
    event.preventDefault();
    onFill(filled(prompt.text, values));
  }

  return (
    <ModalDialog label={prompt.name} onClose={onClose} className="m-auto max-h-[85dvh] w-[min(30rem,calc(100%-2rem))] overflow-y-auto rounded-card">
      <div className="flex items-center justify-between gap-2 py-3 ps-6 pe-3">
        <h2 className="min-w-0 truncate text-lg font-semibold" dir="auto">
          {prompt.name}
        </h2>
        <IconButton icon={X} label={strings.frame.closeSheet} onClick={onClose} />
      </div>
      <form onSubmit={fill} className="flex flex-col gap-4 px-6 pb-6">
        {variablesOf(prompt.text).map((name, index) => (
          <div key={name}>
            <label htmlFor={`${id}-${index}`} className="mb-1.5 block text-sm font-medium" dir="auto">
              {name}
            </label>
            <textarea
              id={`${id}-${index}`}
              data-first={index === 0 || undefined}
              rows={1}
              dir="auto"
              required
              className="field auto-grow scroll-quiet max-h-40 min-h-11 resize-none py-2.5 text-sm"
              value={values.get(name) ?? ''}
              onChange={({ currentTarget: { value } }) => setValues((known) => new Map(known).set(name, value))}
            />
          </div>
        ))}
        <button type="submit" className="button button-primary self-end">
          {strings.prompts.insert}
        </button>
      </form>
    </ModalDialog>
  );
}
