import type { LucideIcon } from 'lucide-react';
import type { ComponentProps } from 'react';
import type { CommandName } from '../../state/commands';
import { tip } from './Tooltips';

type Props = ComponentProps<'button'> & {
  icon: LucideIcon;
  /** The name, also shown as its tip. */
  label: string;
  /** Its keys are shown with the name. */
  command?: CommandName;
};

/** A square button of 44 px that shows only a picture. */
export function IconButton({ icon: Icon, label, command, className = '', ...rest }: Props) {
  return (
    <button
      type="button"
      aria-label={label}
      {...tip(label, command)}
      className={`inline-grid size-11 shrink-0 place-items-center rounded-control border border-transparent text-ink-muted transition-colors hover:bg-sunken hover:text-ink aria-expanded:bg-sunken aria-expanded:text-ink ${className}`}
      {...rest}
    >
      <Icon className="size-5" strokeWidth={1.75} aria-hidden />
    </button>
  );
}
