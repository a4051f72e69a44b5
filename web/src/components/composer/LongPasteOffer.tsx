import { FileText, X } from 'lucide-react';
import { formatCount } from '../../format';
import { fileStrings } from '../../strings/files';
import { strings } from '../../strings';
import { SmallButton } from '../ui/SmallButton';

interface Props {
  length: number;
  onAccept(): void;
  onDismiss(): void;
}

/** Offers to make a file of a long text that was pasted. */
export function LongPasteOffer({ length, onAccept, onDismiss }: Props) {
  return (
    <div role="status" className="mb-1.5 flex animate-rise flex-wrap items-center gap-x-3 gap-y-1 px-3 text-sm">
      <p className="text-ink-muted">{fileStrings.longPaste(formatCount(length))}</p>
      <button type="button" className="button button-quiet" onClick={onAccept}>
        <FileText className="size-4" aria-hidden />
        {fileStrings.asFile}
      </button>
      <SmallButton icon={X} label={strings.frame.dismiss} onClick={onDismiss} />
    </div>
  );
}
