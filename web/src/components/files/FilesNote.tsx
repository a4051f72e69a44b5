import { BookOpenText, FileX2, Paperclip } from 'lucide-react';
import { use, type ReactNode } from 'react';
import { formatCount } from '../../format';
import type { FileUse } from '../../protocol';
import { fileStrings } from '../../strings/files';
import { ThreadFiles, type FilesById } from './ThreadFiles';

const words = fileStrings.used;
/** Names in a line; the others are counted. */
const NAMED = 4;

/** How the model was given the files: whole, by which passages, or not at all. */
export function FilesNote({ files }: { files: readonly FileUse[] | undefined }) {
  const known = use(ThreadFiles);
  if (!files?.length) return null;
  const of = (used: FileUse['used']) => files.filter((file) => file.used === used);
  return (
    <ul className="mb-3 flex flex-col gap-1 text-xs text-ink-muted">
      <Line icon={<Paperclip />} lead={words.whole} files={of('whole')} known={known} />
      <Line icon={<BookOpenText />} lead={words.passages} files={of('passages')} known={known} />
      <Line icon={<FileX2 />} lead={words.leftOut} files={of('left_out')} known={known} isWarning />
    </ul>
  );
}

interface LineProps {
  icon: ReactNode;
  lead: string;
  files: FileUse[];
  known: FilesById;
  isWarning?: boolean;
}

function Line({ icon, lead, files, known, isWarning = false }: LineProps) {
  if (files.length === 0) return null;
  // Of messages that are not shown here only the number is known.
  const named = files.filter(({ id }) => known.has(id));
  const rest = files.length - Math.min(NAMED, named.length);
  const names = named.slice(0, NAMED).map(({ id, passages }) => {
    const { name } = known.get(id)!;
    return passages?.length ? words.places(name, passages.join(', ')) : name;
  });
  if (rest > 0) names.push((names.length > 0 ? words.more : words.earlier)(formatCount(rest)));
  return (
    <li className={`flex items-start gap-2 [&>svg]:mt-0.5 [&>svg]:size-3.5 [&>svg]:shrink-0 ${isWarning ? 'text-warning' : ''}`}>
      {icon}
      <span className="min-w-0 break-words">
        <span className="font-medium">{lead}:</span> {names.join(', ')}
      </span>
    </li>
  );
}
