import { SlidersHorizontal, Eraser, PanelLeft } from 'lucide-react';
import { useLayoutEffect } from 'react';
import { provide } from '../state/commands';
import { toggleSidebar, useFrame, WIDE } from '../state/frame';
import { strings } from '../strings';
import { Brand } from './ui/Brand';
import { IconButton } from './ui/IconButton';
import { ThemeToggle } from './ui/ThemeToggle';
import { useMediaQuery } from './ui/useMediaQuery';

export interface HeaderProps {
  title: string;
  /** Absent while there is no conversation to change. */
  actions?: {
    settingsOpen: boolean;
    onSettings(): void;
    onClear(): void;
  };
}

export function Header({ title, actions }: HeaderProps) {
  const wide = useMediaQuery(WIDE);
  const { sidebar, drawer } = useFrame();
  const besideSidebar = wide && sidebar;
  useLayoutEffect(() => {
    if (!actions) return;
    const undo = [provide('toggleSettings', actions.onSettings), provide('clear', actions.onClear)];
    return () => {
      for (const take of undo) take();
    };
  }, [actions]);
  return (
    <header className="flex print:hidden h-[calc(3.5rem+env(safe-area-inset-top))] items-center gap-1 border-b border-line bg-canvas px-1.5 pt-[env(safe-area-inset-top)] md:px-3">
      <IconButton
        icon={PanelLeft}
        label={strings.frame.toggle}
        aria-expanded={wide ? sidebar : drawer}
        onClick={toggleSidebar}
        className="aria-expanded:bg-transparent aria-expanded:hover:bg-sunken rtl:-scale-x-100"
      />
      {!besideSidebar && (
        <div className="max-md:hidden">
          <Brand />
        </div>
      )}
      <div className="min-w-0 flex-1 px-1 md:px-3">
        {title === '' ? (
          <h1 className="sr-only">{strings.product}</h1>
        ) : (
          <h1 className="truncate text-sm font-medium text-ink-muted" title={title} dir="auto">
            {title}
          </h1>
        )}
      </div>
      <ThemeToggle />
      {actions && (
        <>
          <IconButton
            icon={SlidersHorizontal}
            label={strings.header.settings}
            aria-expanded={actions.settingsOpen}
            onClick={actions.onSettings}
          />
          <button
            type="button"
            title={strings.header.clear}
            onClick={actions.onClear}
            className="button button-quiet min-w-11 px-0 max-md:border-transparent max-md:bg-transparent max-md:text-ink-muted md:ms-1 md:min-h-9 md:px-3.5"
          >
            <Eraser className="size-5 md:size-4.5" strokeWidth={1.75} aria-hidden />
            <span className="max-md:sr-only">{strings.header.clear}</span>
          </button>
        </>
      )}
    </header>
  );
}
