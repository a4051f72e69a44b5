import { lazy, Suspense, useState } from 'react';
import { keepTrying } from '../../keepTrying';
import type { Attachment } from '../../protocol';
import { fileStrings } from '../../strings/files';
import { contentUrl } from './fileFacts';
import { FileCard } from './FileCard';

const Viewer = lazy(() => keepTrying(() => import('./Viewer')).then((module) => ({ default: module.Viewer })));

/** The files of an own message: pictures, which open large, and cards of documents to download. */
export function MessageFiles({ files }: { files: readonly Attachment[] }) {
  const images = files.filter(({ kind }) => kind === 'image');
  const documents = files.filter(({ kind }) => kind === 'document');
  const [shown, setShown] = useState<number | null>(null);
  return (
    <>
      <ul aria-label={fileStrings.attached} className="mb-1.5 flex max-w-[min(100%,36rem)] flex-wrap justify-end gap-2">
        {images.map((file, at) => (
          <li key={file.id} className="flex">
            <button
              type="button"
              aria-label={fileStrings.open(file.name)}
              onClick={() => setShown(at)}
              className="overflow-hidden rounded-card border border-line bg-sunken hover:border-line-strong"
            >
              <Picture file={file} alone={images.length === 1} />
            </button>
          </li>
        ))}
        {documents.map((file) => (
          <li key={file.id} className="flex">
            <a
              href={contentUrl(file.id)}
              download={file.name}
              aria-label={fileStrings.download(file.name)}
              className="flex w-72 max-w-full items-center gap-3 rounded-card border border-line bg-surface p-2 pe-3.5 hover:border-line-strong"
            >
              <FileCard file={file} />
            </a>
          </li>
        ))}
      </ul>
      {shown !== null && (
        <Suspense>
          <Viewer images={images} first={shown} onClose={() => setShown(null)} />
        </Suspense>
      )}
    </>
  );
}

/** One alone has its own shape, at most 20 × 16 rem; of several each is a square. */
function Picture({ file, alone }: { file: Attachment; alone: boolean }) {
  const { width, height } = file;
  const own = alone && width && height ? { width, height } : null;
  const scale = own ? Math.min(1, 320 / own.width, 256 / own.height) : 1;
  // Small ones grow no further; a narrow one keeps enough of a width to be seen and hit.
  const size = own
    ? { width: Math.max(48, Math.round(own.width * scale)), height: Math.max(48, Math.round(own.height * scale)) }
    : { width: 112, height: 112 };
  return (
    <img
      src={contentUrl(file.id, 'thumb')}
      alt={fileStrings.pictureOf(file)}
      {...size}
      loading="lazy"
      decoding="async"
      className={`block max-w-full ${own ? 'h-auto object-contain' : 'size-28 object-cover'}`}
    />
  );
}
