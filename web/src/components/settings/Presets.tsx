import { Bookmark, ChevronRight, Trash2 } from 'lucide-react';
import { useId, useState, type FormEvent } from 'react';
import { saidError } from '../../errorWords';
import { useLibrary } from '../../hooks/useLibrary';
import type { ParametersHandle } from '../../hooks/useParameters';
import type { Preset } from '../../protocol';
import { toast } from '../../state/toasts';
import { strings } from '../../strings';
import { announce } from '../ui/announce';
import { SmallButton } from '../ui/SmallButton';

const words = strings.presets;
const LONGEST = 100;

/** Settings with a name: to take them again in any chat. */
export function Presets({ parameters }: { parameters: ParametersHandle }) {
  const [open, setOpen] = useState(false);
  const { entries = [], failed, save, remove } = useLibrary('presets', open);

  function take({ name, settings }: Preset) {
    parameters.apply(settings);
    announce(words.taken(name));
  }

  function forget({ id, name, settings }: Preset) {
    remove(id).then(
      () => toast(words.removed(name), () => void save({ name, settings }).catch(refused)),
      refused,
    );
  }

  return (
    <details className="rounded-control border border-line" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary className="flex min-h-11 items-center gap-2 rounded-control px-3 text-sm font-medium hover:bg-sunken">
        <ChevronRight className="turns-when-open size-4 transition-transform" aria-hidden />
        {words.title}
      </summary>
      <div className="flex flex-col gap-3 p-3 pt-1">
        {entries.length > 0 && (
          <ul className="-mx-1">
            {entries.map((preset) => (
              <li key={preset.id} className="flex items-center gap-1">
                <button
                  type="button"
                  className="flex min-h-10 min-w-0 flex-1 items-center gap-2.5 rounded-control px-2 text-start text-sm hover:bg-sunken pointer-coarse:min-h-11"
                  onClick={() => take(preset)}
                >
                  <Bookmark className="size-4 shrink-0 text-primary" strokeWidth={1.75} aria-hidden />
                  <span className="min-w-0 truncate" dir="auto">
                    {preset.name}
                  </span>
                </button>
                <SmallButton icon={Trash2} label={words.remove(preset.name)} onClick={() => forget(preset)} />
              </li>
            ))}
          </ul>
        )}
        {failed && <p className="text-xs text-danger">{words.failed}</p>}
        <SaveAs
          onSave={(name) =>
            save({ name, settings: parameters.current() }, entries.find((entry) => entry.name === name)?.id)
          }
        />
      </div>
    </details>
  );
}

function SaveAs({ onSave }: { onSave(name: string): Promise<void> }) {
  const id = useId();
  const [name, setName] = useState('');
  function submit(event: FormEvent) {
    event.preventDefault();
    const chosen = name.trim();
    if (chosen === '') return;
    onSave(chosen).then(() => {
      setName('');
      announce(words.saved(chosen));
    }, refused);
  }
  return (
    <form onSubmit={submit}>
      <label htmlFor={id} className="mb-1.5 block text-xs text-ink-muted">
        {words.save}
      </label>
      <div className="flex gap-2">
        <input
          id={id}
          maxLength={LONGEST}
          dir="auto"
          placeholder={words.name}
          className="field min-h-9 min-w-0 flex-1 text-sm pointer-coarse:min-h-11"
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <button type="submit" className="button button-quiet border border-line" disabled={name.trim() === ''}>
          {words.submit}
        </button>
      </div>
    </form>
  );
}

function refused(error: unknown): void {
  toast(strings.tools.failed(saidError(error)));
}
