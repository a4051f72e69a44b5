import { useState, type FormEvent } from 'react';
import type { DraftFile, DraftFiles } from '../../state/draftFiles';
import { fileStrings } from '../../strings/files';
import { Popup } from '../ui/Popup';

const words = fileStrings.describe;
/** Characters at most, as the server has it. */
const LONGEST = 1000;

interface Props {
  file: DraftFile;
  files: DraftFiles;
  anchor: HTMLElement;
  onClose(): void;
}

/** Describes a picture for people who cannot see it. */
export function Description({ file, files, anchor, onClose }: Props) {
  const [alt, setAlt] = useState(file.stored?.alt ?? '');
  const [failed, setFailed] = useState(false);

  function save(event: FormEvent) {
    event.preventDefault();
    files.describe(file.key, alt.trim()).then(onClose, () => setFailed(true));
  }

  return (
    <Popup label={words.title} anchor={anchor} onClose={onClose} className="w-80">
      <form onSubmit={save} className="flex flex-col gap-3 p-4 text-sm">
        <label htmlFor="alt" className="font-semibold max-md:sr-only">
          {words.title}
        </label>
        <textarea
          id="alt"
          data-first
          rows={3}
          maxLength={LONGEST}
          dir="auto"
          aria-describedby="alt-help"
          value={alt}
          onChange={(event) => setAlt(event.currentTarget.value)}
          className="w-full resize-none rounded-control border border-line-strong bg-surface px-3 py-2 text-base outline-none focus:border-primary md:text-sm"
        />
        <p id="alt-help" role={failed ? 'alert' : undefined} className={`text-xs ${failed ? 'text-danger' : 'text-ink-muted'}`}>
          {failed ? words.failed : words.help}
        </p>
        <button type="submit" className="button button-primary self-end">
          {words.save}
        </button>
      </form>
    </Popup>
  );
}
