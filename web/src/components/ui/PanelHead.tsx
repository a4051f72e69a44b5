import { X } from 'lucide-react';
import { IconButton } from './IconButton';

interface Props {
  title: string;
  closeLabel: string;
  onClose(): void;
}

/** The title of a panel or a sheet and its way out; what scrolls is below it. */
export function PanelHead({ title, closeLabel, onClose }: Props) {
  return (
    <div className="flex h-12 shrink-0 items-center justify-between gap-2 border-b border-line ps-5 pe-2">
      <h2 className="min-w-0 truncate font-semibold">{title}</h2>
      <IconButton icon={X} label={closeLabel} onClick={onClose} />
    </div>
  );
}
