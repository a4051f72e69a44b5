import { Pencil, Plus, Trash2, X } from 'lucide-react';
import { useId, useState, type FormEvent } from 'react';
import { saidError } from '../../errorWords';
import { useLibrary } from '../../hooks/useLibrary';
import type { Prompt } from '../../protocol';
import { useFrame } from '../../state/frame';
import { toast } from '../../state/toasts';
import { strings } from '../../strings';
import { IconButton } from '../ui/IconButton';
import { ModalDialog } from '../ui/ModalDialog';
import { SmallButton } from '../ui/SmallButton';

const words = strings.prompts;
/** As the server takes them, in characters. */
const LONGEST_NAME = 100;
const LONGEST_TEXT = 20_000;
const NEW = 'new';

const close = () => useFrame.setState({ prompts: false });
const refused = (error: unknown) =>
  toast(strings.tools.failed(saidError(error)));

/** The person's own prompts, which `/` brings into the composer. */
export function PromptLibrary() {
  const { entries, failed, save, remove } = useLibrary('prompts', true);
  /** The id of the one that is written, or `new`. */
  const [editing, setEditing] = useState<string | null>(null);

  function forget({ id, name, text }: Prompt) {
    remove(id).then(
      () => toast(words.removed(name), () => void save({ name, text }).catch(refused)),
      refused,
    );
  }

  const editor = (prompt?: Prompt) => (
    <Editor
      prompt={prompt}
      onSave={(fields) => save(fields, prompt?.id).then(() => setEditing(null), refused)}
      onCancel={() => setEditing(null)}
    />
  );

  return (
    <ModalDialog label={words.title} onClose={close} className="m-auto flex max-h-[85dvh] w-[min(44rem,calc(100%-2rem))] flex-col overflow-hidden rounded-card">
      <div className="flex shrink-0 items-start justify-between gap-2 border-b border-line py-3 ps-6 pe-3">
        <div className="py-2">
          <h2 className="text-lg font-semibold">{words.title}</h2>
          <p className="mt-0.5 text-sm text-ink-muted">{words.lead}</p>
        </div>
        <IconButton icon={X} label={strings.frame.closeSheet} onClick={close} />
      </div>
      <div className="scroll-quiet min-h-0 flex-1 overflow-y-auto px-6 py-3">
        {failed && <p role="alert" className="py-3 text-sm text-danger">{words.failed}</p>}
        {entries?.length === 0 && editing !== NEW && <p className="py-3 text-sm text-ink-muted">{words.none}</p>}
        <ul className="divide-y divide-line">
          {entries?.map((prompt) => (
            <li key={prompt.id} className="py-2">
              {editing === prompt.id ? (
                editor(prompt)
              ) : (
                <div className="flex items-center gap-1">
                  <div className="min-w-0 flex-1 py-1">
                    <p className="truncate text-sm font-medium" dir="auto">
                      {prompt.name}
                    </p>
                    <p className="line-clamp-2 text-sm text-ink-muted" dir="auto">
                      {prompt.text}
                    </p>
                  </div>
                  <SmallButton icon={Pencil} label={words.edit(prompt.name)} onClick={() => setEditing(prompt.id)} />
                  <SmallButton icon={Trash2} label={words.remove(prompt.name)} onClick={() => forget(prompt)} />
                </div>
              )}
            </li>
          ))}
          {editing === NEW && <li className="py-2">{editor()}</li>}
        </ul>
      </div>
      {editing === null && (
        <div className="shrink-0 border-t border-line px-6 py-3">
          <button type="button" data-first className="button button-quiet border border-line" onClick={() => setEditing(NEW)}>
            <Plus className="size-4" aria-hidden />
            {words.add}
          </button>
        </div>
      )}
    </ModalDialog>
  );
}

/** Down to its buttons. */
const showWhole = (form: HTMLFormElement | null) => form?.scrollIntoView?.({ block: 'nearest' });

interface EditorProps {
  prompt: Prompt | undefined;
  onSave(fields: { name: string; text: string }): Promise<void>;
  onCancel(): void;
}

function Editor({ prompt, onSave, onCancel }: EditorProps) {
  const id = useId();
  const [name, setName] = useState(prompt?.name ?? '');
  const [text, setText] = useState(prompt?.text ?? '');
  const [saving, setSaving] = useState(false);
  function submit(event: FormEvent) {
    event.preventDefault();
    setSaving(true);
    void onSave({ name: name.trim(), text }).finally(() => setSaving(false));
  }
  return (
    <form ref={showWhole} onSubmit={submit} className="flex flex-col gap-3 py-2">
      <div>
        <label htmlFor={`${id}-name`} className="mb-1.5 block text-sm font-medium">
          {words.name}
        </label>
        <input
          id={`${id}-name`}
          // It was asked for by the button that it takes the place of.
          // oxlint-disable-next-line jsx-a11y/no-autofocus
          autoFocus
          required
          maxLength={LONGEST_NAME}
          dir="auto"
          className="field text-sm"
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
      </div>
      <div>
        <label htmlFor={`${id}-text`} className="mb-1.5 block text-sm font-medium">
          {words.text}
        </label>
        <textarea
          id={`${id}-text`}
          rows={4}
          required
          maxLength={LONGEST_TEXT}
          dir="auto"
          aria-describedby={`${id}-help`}
          className="field auto-grow scroll-quiet max-h-64 min-h-24 resize-none py-2.5 text-sm"
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
        <p id={`${id}-help`} className="mt-1 text-xs text-ink-muted">
          {words.textHelp}
        </p>
      </div>
      <div className="flex justify-end gap-2">
        <button type="button" className="button button-quiet" onClick={onCancel}>
          {words.cancel}
        </button>
        <button type="submit" className="button button-primary" disabled={saving || name.trim() === '' || text.trim() === ''}>
          {words.save}
        </button>
      </div>
    </form>
  );
}
