import { createElement, type ReactNode } from 'react';
import { Literal } from '../ui/Literal';
import { fileFacts, fileIcon, type FileFacts } from './fileFacts';

interface Props {
  file: FileFacts;
  /** Instead of kind, size and tokens. */
  line?: ReactNode;
  isWrong?: boolean;
}

/** A document: its kind as a picture, its name, and a line of facts. */
export function FileCard({ file, line, isWrong = false }: Props) {
  return (
    <>
      <span
        className={`grid size-10 shrink-0 place-items-center rounded-control ${isWrong ? 'bg-danger-soft text-danger' : 'bg-primary-soft text-primary'}`}
      >
        {createElement(fileIcon(file.name), { className: 'size-5', strokeWidth: 1.75, 'aria-hidden': true })}
      </span>
      <span className="min-w-0 flex-1 text-start">
        <span className="block truncate text-sm font-medium max-sm:break-words max-sm:whitespace-normal" dir="auto" data-tip={file.name}>
          <Literal text={file.name} />
        </span>
        <span className={`block text-xs tabular-nums ${isWrong ? 'text-danger' : 'truncate text-ink-muted max-sm:whitespace-normal'}`}>
          {line ?? fileFacts(file)}
        </span>
      </span>
    </>
  );
}
