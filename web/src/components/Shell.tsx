import type { ReactNode } from 'react';
import { Header, type HeaderProps } from './Header';

interface Props extends HeaderProps {
  children: ReactNode;
  /** Beside the thread on wide screens. */
  panel?: ReactNode;
}

/** The page beside the sidebar. The server renders the same, so that nothing moves when this arrives. */
export function Shell({ children, panel, ...header }: Props) {
  return (
    <div className="flex min-w-0 flex-1 flex-col print:block">
      <Header {...header} />
      <div className="flex min-h-0 flex-1 print:block">
        <main id="content" tabIndex={-1} className="relative flex min-w-0 flex-1 flex-col outline-none print:block">{children}</main>
        {panel}
      </div>
    </div>
  );
}
