import { ChevronLeft, ChevronRight, Download, X } from 'lucide-react';
import { useState, type KeyboardEvent } from 'react';
import { formatCount } from '../../format';
import type { Attachment } from '../../protocol';
import { fileStrings } from '../../strings/files';
import { IconButton } from '../ui/IconButton';
import { Literal } from '../ui/Literal';
import { ModalDialog } from '../ui/ModalDialog';
import { tip } from '../ui/Tooltips';
import { contentUrl } from './fileFacts';

const words = fileStrings.viewer;

interface Props {
  images: readonly Attachment[];
  /** Which is shown first. */
  first: number;
  onClose(): void;
}

/** The pictures of a message, one at a time. Arrow keys go on, Escape closes; the focus stays inside. */
export function Viewer({ images, first, onClose }: Props) {
  const [at, setAt] = useState(first);
  const image = images[at]!;
  const several = images.length > 1;

  function step(by: number) {
    setAt((at + by + images.length) % images.length);
  }

  function onKeyDown(event: KeyboardEvent) {
    const by = { ArrowLeft: -1, ArrowRight: 1, Home: -at, End: images.length - 1 - at }[event.key];
    if (by === undefined || !several) return;
    event.preventDefault();
    step(document.dir === 'rtl' && event.key.startsWith('Arrow') ? -by : by);
  }

  return (
    <ModalDialog label={words.name} onClose={onClose} className="m-0 h-dvh max-h-none w-dvw bg-transparent! shadow-none!">
      {/* oxlint-disable-next-line jsx-a11y/no-static-element-interactions -- keys of the dialog */}
      <div onKeyDown={onKeyDown} className="flex h-full flex-col bg-canvas">
        <div className="flex h-14 shrink-0 items-center gap-1 ps-5 pe-2">
          <p className="min-w-0 flex-1 truncate text-sm font-medium" dir="auto">
            <Literal text={image.name} />
          </p>
          {several && (
            <p role="status" className="px-2 text-sm text-ink-muted tabular-nums">
              {words.place(formatCount(at + 1), formatCount(images.length))}
            </p>
          )}
          <a
            href={contentUrl(image.id)}
            download={image.name}
            aria-label={fileStrings.download(image.name)}
            {...tip(fileStrings.download(image.name))}
            className="inline-grid size-11 place-items-center rounded-control text-ink-muted hover:bg-sunken hover:text-ink"
          >
            <Download className="size-5" strokeWidth={1.75} aria-hidden />
          </a>
          <IconButton icon={X} label={words.close} data-first onClick={onClose} />
        </div>
        <div className="flex min-h-0 flex-1 items-center gap-2 px-2 pb-[max(1rem,env(safe-area-inset-bottom))]">
          {several && <IconButton icon={ChevronLeft} label={words.previous} onClick={() => step(-1)} className="max-md:hidden rtl:rotate-180" />}
          <Large key={image.id} image={image} onClose={onClose} />
          {several && <IconButton icon={ChevronRight} label={words.next} onClick={() => step(1)} className="max-md:hidden rtl:rotate-180" />}
        </div>
        {several && (
          <div className="flex justify-center gap-8 pb-[max(1rem,env(safe-area-inset-bottom))] md:hidden">
            <IconButton icon={ChevronLeft} label={words.previous} onClick={() => step(-1)} className="rtl:rotate-180" />
            <IconButton icon={ChevronRight} label={words.next} onClick={() => step(1)} className="rtl:rotate-180" />
          </div>
        )}
      </div>
    </ModalDialog>
  );
}

/** Behind it the small one, which is there already. A click beside it closes. */
function Large({ image, onClose }: { image: Attachment; onClose(): void }) {
  const { width, height } = image;
  return (
    // The key for it is Escape, which the dialog brings along.
    // oxlint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/no-static-element-interactions
    <div
      className="flex h-full min-w-0 flex-1 items-center justify-center"
      onClick={(event) => event.target === event.currentTarget && onClose()}
    >
      <img
        src={contentUrl(image.id)}
        alt={fileStrings.pictureOf(image)}
        width={width ?? undefined}
        height={height ?? undefined}
        style={{ backgroundImage: `url(${contentUrl(image.id, 'thumb')})` }}
        className="max-h-full w-auto max-w-full rounded-control bg-cover object-contain shadow-dialog"
      />
    </div>
  );
}
