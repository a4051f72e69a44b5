import { LoaderCircle, RotateCcw, X } from 'lucide-react';
import { formatShare } from '../../format';
import type { DraftFile, DraftFiles } from '../../state/draftFiles';
import { fileStrings } from '../../strings/files';
import { FileCard } from '../files/FileCard';
import { contentUrl } from '../files/fileFacts';
import { usePopupAnchor } from '../ui/Popup';
import { Ring } from '../ui/Ring';
import { tip } from '../ui/Tooltips';
import { Description } from './Description';

/** The files beside the draft, on top of the field: pictures as such, all others as cards. */
export function FileTray({ list, files }: { list: readonly DraftFile[]; files: DraftFiles }) {
  if (list.length === 0) return null;
  return (
    <ul
      aria-label={fileStrings.attached}
      className="scroll-quiet flex max-h-[min(11rem,30dvh)] flex-wrap gap-2 overflow-y-auto overscroll-contain p-1.5 pb-2"
    >
      {list.map((file) => (
        <li key={file.key} className="relative flex min-w-0 animate-rise">
          {file.isImage && file.state !== 'failed' ? <Picture file={file} files={files} /> : <Card file={file} />}
          <Buttons file={file} files={files} />
        </li>
      ))}
    </ul>
  );
}

function Picture({ file, files }: { file: DraftFile; files: DraftFiles }) {
  const { anchor, opener, close } = usePopupAnchor();
  const source = file.preview ?? (file.stored && file.state === 'ready' ? contentUrl(file.stored.id, 'thumb') : undefined);
  return (
    <div className="relative size-18 overflow-hidden rounded-control border border-line bg-sunken" data-tip={file.name}>
      <button
        type="button"
        {...opener}
        disabled={file.state !== 'ready'}
        aria-label={fileStrings.describe.open(file.name)}
        className="block size-full rounded-control outline-offset-[-3px]"
      >
        {source && (
          <img src={source} alt={fileStrings.pictureOf({ name: file.name, alt: file.stored?.alt })} className="size-full object-cover" />
        )}
        {file.stored?.alt && <span aria-hidden className="absolute start-1 bottom-1 rounded-sm bg-surface px-1 text-xs leading-4 font-semibold">ALT</span>}
      </button>
      {anchor && <Description file={file} files={files} anchor={anchor} onClose={close} />}
      {file.state !== 'ready' && (
        <div className="absolute inset-0 grid place-items-center bg-surface/70" role="status">
          <Progress file={file} />
          <span className="sr-only">{stateWords(file)}</span>
        </div>
      )}
    </div>
  );
}

function Card({ file }: { file: DraftFile }) {
  const failed = file.state === 'failed';
  return (
    <div
      className={`flex min-h-18 w-80 max-w-full items-center gap-3 rounded-control border py-1.5 ps-2 ${failed ? 'border-danger/40' : 'border-line'} ${file.canRetry ? 'pe-18' : 'pe-10'}`}
      role={failed ? 'alert' : undefined}
      data-tip={failed ? file.error : undefined}
    >
      {failed || file.state === 'ready' ? null : (
        <span className="sr-only" role="status">
          {stateWords(file)}
        </span>
      )}
      <FileCard file={{ ...file, ...file.stored }} line={failed ? file.error : stateWords(file)} isWrong={failed} />
      {!failed && file.state !== 'ready' && <Progress file={file} />}
    </div>
  );
}

/** Undefined once it is ready. */
function stateWords({ state, progress }: DraftFile): string | undefined {
  if (state === 'uploading' && progress < 1) return fileStrings.uploading(formatShare(progress));
  if (state === 'waiting') return fileStrings.waiting;
  return state === 'ready' ? undefined : fileStrings.reading;
}

/** A ring that closes while the file leaves, and turns while the server reads it. */
function Progress({ file: { state, progress } }: { file: DraftFile }) {
  if (state !== 'uploading' || progress === 1) {
    return <LoaderCircle className="size-6 shrink-0 animate-spin text-primary motion-reduce:animate-none" aria-hidden />;
  }
  return <Ring share={progress} width={3} className="size-7" />;
}

function Buttons({ file, files }: { file: DraftFile; files: DraftFiles }) {
  const { key, name, state, canRetry } = file;
  const label = state === 'uploading' || state === 'waiting' ? fileStrings.cancel(name) : fileStrings.remove(name);
  const isPicture = file.isImage && state !== 'failed';
  return (
    <div className={`absolute flex ${isPicture ? '-end-1.5 -top-1.5' : 'inset-y-0 end-1 items-center'}`}>
      {canRetry && (
        <button type="button" aria-label={fileStrings.retry(name)} {...tip(fileStrings.again)} className={SMALL} onClick={() => files.retry(key)}>
          <RotateCcw className="size-4" aria-hidden />
        </button>
      )}
      <button
        type="button"
        aria-label={label}
        {...tip(label)}
        className={isPicture ? ON_PICTURE : SMALL}
        onClick={() => files.remove(key)}
      >
        <X className={isPicture ? 'size-3.5' : 'size-4'} strokeWidth={isPicture ? 2.5 : 2} aria-hidden />
      </button>
    </div>
  );
}

const SMALL =
  'inline-grid size-8 place-items-center rounded-control text-ink-muted hover:bg-sunken hover:text-ink pointer-coarse:size-11 pointer-coarse:-me-1';
/** A small disc; the area that can be touched is larger. */
const ON_PICTURE =
  'relative inline-grid size-6 place-items-center rounded-full border border-line bg-surface text-ink shadow-float after:absolute after:-inset-1 hover:bg-sunken pointer-coarse:after:-inset-2.5';
