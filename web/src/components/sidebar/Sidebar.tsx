import { MessageCircleDashed, SquarePen, X } from 'lucide-react';
import { lazy, Suspense, useEffect, type ReactNode } from 'react';
import { keepTrying } from '../../keepTrying';
import { run } from '../../state/commands';
import { closeDrawer, useFrame, WIDE } from '../../state/frame';
import { strings } from '../../strings';
import { Brand } from '../ui/Brand';
import { IconButton } from '../ui/IconButton';
import { useMediaQuery } from '../ui/useMediaQuery';
import { listenForSwipes } from './drag';
import { Drawer } from './Drawer';
import { ListSkeleton } from './ListSkeleton';
import { useSidebarShown } from './useSidebarShown';

const Pane = lazy(() =>
  keepTrying(() => import('./Pane')).then((module) => ({ default: module.Pane })),
);

/** The conversations: beside the thread where there is room, else a drawer over it. */
export function Sidebar() {
  const wide = useMediaQuery(WIDE);
  const shown = useSidebarShown();
  const { drawer } = useFrame();
  useEffect(() => {
    if (!wide) return listenForSwipes();
    closeDrawer();
  }, [wide]);
  if (wide) {
    return shown ? (
      <nav
        aria-label={strings.frame.sidebar}
        className="flex w-72 shrink-0 flex-col print:hidden border-e border-line bg-surface low:overflow-y-auto"
      >
        <Content />
      </nav>
    ) : null;
  }
  return drawer ? (
    <Drawer>
      <Content>
        <IconButton icon={X} label={strings.frame.close} onClick={closeDrawer} />
      </Content>
    </Drawer>
  ) : null;
}

/** What needs no list is there at once; `children` stand at the end of the first line. */
function Content({ children }: { children?: ReactNode }) {
  return (
    <>
      <div className="flex h-14 shrink-0 items-center justify-between px-2">
        <Brand full />
        {children}
      </div>
      <div className="flex shrink-0 gap-1 px-2 pt-1">
        <button
          type="button"
          onClick={() => run('newChat')}
          className="button button-quiet min-w-0 flex-1 justify-start gap-2.5 px-3"
        >
          <SquarePen className="size-4.5 text-primary" strokeWidth={1.75} aria-hidden />
          {strings.frame.newChat}
        </button>
        <IconButton
          icon={MessageCircleDashed}
          label={strings.temporary.open}
          className="border-line! bg-surface"
          onClick={() => run('temporaryChat')}
        />
      </div>
      <Suspense fallback={<ListSkeleton />}>
        <Pane />
      </Suspense>
    </>
  );
}
