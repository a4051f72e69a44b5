import type { ComponentProps } from 'react';
import { IconButton } from './IconButton';

/** A quiet button below a message; 44 px where it is touched. */
export function SmallButton({ className = '', ...props }: ComponentProps<typeof IconButton>) {
  return (
    <IconButton
      className={`size-8! disabled:opacity-40 [&_svg]:size-4 pointer-coarse:size-11! ${className}`}
      {...props}
    />
  );
}
