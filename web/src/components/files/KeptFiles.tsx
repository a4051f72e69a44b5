import { X } from 'lucide-react';
import type { Attachment } from '../../protocol';
import { fileStrings } from '../../strings/files';
import { SmallButton } from '../ui/SmallButton';
import { FileCard } from './FileCard';
import { contentUrl } from './fileFacts';

interface Props {
  files: readonly Attachment[];
  onRemove(file: Attachment): void;
}

/** The files of a message that is being edited: each can be left out. */
export function KeptFiles({ files, onRemove }: Props) {
  if (files.length === 0) return null;
  return (
    <ul aria-label={fileStrings.attached} className="flex flex-wrap gap-2 p-1 pb-2">
      {files.map((file) => (
        <li key={file.id} className="flex h-14 max-w-full items-center gap-2 rounded-control border border-line ps-1.5 pe-1">
          {file.kind === 'image' ? (
            <img src={contentUrl(file.id, 'thumb')} alt={fileStrings.pictureOf(file)} className="size-11 rounded-control object-cover" />
          ) : (
            <FileCard file={file} />
          )}
          <SmallButton icon={X} label={fileStrings.remove(file.name)} onClick={() => onRemove(file)} />
        </li>
      ))}
    </ul>
  );
}
