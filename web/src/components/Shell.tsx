import type { ReactNode } from 'react';
import { strings } from '../strings';
import { Header, type HeaderProps } from './Header';

interface Props extends HeaderProps {
  children: ReactNode;
  /** Beside the thread on wide screens. */
  panel?: ReactNode;
  /** There is a composer: what most people come for. */
  composer?: boolean;
}

/** The frame of the page. The server renders the same frame, so that nothing moves when this arrives. */
export function Shell({ children, panel, composer = false, ...header }: Props) {
  return (
    <div className="flex h-dvh flex-col">
      <a className="skip-link" href={composer ? '#composer' : '#content'}>
        {composer ? strings.skipToComposer : strings.skipToContent}
      </a>
      <Header {...header} />
      <div className="flex min-h-0 flex-1">
        <main id="content" tabIndex={-1} className="relative flex min-w-0 flex-1 flex-col outline-none">{children}</main>
        {panel}
      </div>
    </div>
  );
}
