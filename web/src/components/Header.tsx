import { PanelLeft, SlidersHorizontal, SquarePen } from 'lucide-react';
import { useLayoutEffect, type ReactNode } from 'react';
import { provide, run } from '../state/commands';
import { toggleSidebar, useFrame, WIDE } from '../state/frame';
import { strings } from '../strings';
import { Brand } from './ui/Brand';
import { IconButton } from './ui/IconButton';
import { useSidebarShown } from './sidebar/useSidebarShown';
import { ThemeMenu } from './ui/ThemeMenu';
import { useMediaQuery } from './ui/useMediaQuery';

export interface HeaderProps {
  title: string;
  /** The title as a control; else it is text. */
  heading?: ReactNode;
  /** Absent while there is no conversation to change. */
  actions?: {
    settingsOpen: boolean;
    onSettings(): void;
    onClear(): void;
  };
}

export function Header({ title, heading, actions }: HeaderProps) {
  const wide = useMediaQuery(WIDE);
  const { drawer } = useFrame();
  const besideSidebar = useSidebarShown();
  useLayoutEffect(() => {
    if (!actions) return;
    const undo = [provide('toggleSettings', actions.onSettings), provide('clear', actions.onClear)];
    return () => {
      for (const take of undo) take();
    };
  }, [actions]);
  return (
    <header className="flex print:hidden h-[calc(3.5rem+env(safe-area-inset-top))] shrink-0 low:h-[calc(3rem+env(safe-area-inset-top))] items-center gap-1 border-b border-line bg-canvas px-1.5 pt-[env(safe-area-inset-top)] md:px-3">
      <IconButton
        icon={PanelLeft}
        label={strings.frame.toggle}
        command="toggleSidebar"
        aria-expanded={wide ? besideSidebar : drawer}
        onClick={toggleSidebar}
        className="aria-expanded:bg-transparent aria-expanded:hover:bg-sunken rtl:-scale-x-100"
      />
      {!besideSidebar && (
        <div className="max-md:hidden">
          <Brand />
        </div>
      )}
      <div className="min-w-0 flex-1 px-1 md:px-3">
        {heading ?? (title === '' ? (
          <h1 className="sr-only">{strings.product}</h1>
        ) : (
          <h1 className="truncate text-sm font-medium text-ink-muted" title={title} dir="auto">
            {title}
          </h1>
        ))}
      </div>
      <ThemeMenu className="max-sm:hidden" />
      {actions && (
        <IconButton
          icon={SlidersHorizontal}
          label={strings.header.settings}
          command="toggleSettings"
          aria-expanded={actions.settingsOpen}
          onClick={actions.onSettings}
        />
      )}
      {!besideSidebar && <IconButton icon={SquarePen} label={strings.frame.newChat} command="newChat" onClick={() => run('newChat')} />}
    </header>
  );
}
