import { useQueryClient } from '@tanstack/react-query';
import { lazy, Suspense, useEffect, type ReactNode } from 'react';
import { useNewChat } from '../hooks/useNewChat';
import { useShortcuts } from '../hooks/useShortcuts';
import { keepTrying } from '../keepTrying';
import { followOpen } from '../state/conversations';
import { useFrame } from '../state/frame';
import { strings } from '../strings';
import { Sidebar } from './sidebar/Sidebar';
import { Toasts } from './ui/Toasts';
import { Tooltips } from './ui/Tooltips';

const Palette = lazy(() =>
  keepTrying(() => import('./dialogs/Palette')).then((module) => ({ default: module.Palette })),
);
const PromptLibrary = lazy(() =>
  keepTrying(() => import('./dialogs/PromptLibrary')).then((module) => ({ default: module.PromptLibrary })),
);
const ShortcutHelp = lazy(() =>
  keepTrying(() => import('./dialogs/ShortcutHelp')).then((module) => ({ default: module.ShortcutHelp })),
);

const FilesDialog = lazy(() =>
  keepTrying(() => import('./dialogs/FilesDialog')).then((module) => ({ default: module.FilesDialog })),
);

interface Props {
  /** There is a message field: what most people come for. */
  composer: boolean;
  children: ReactNode;
}

/** All that stays while conversations come and go: the sidebar, the keys, dialogs, toasts. */
export function Frame({ composer, children }: Props) {
  const client = useQueryClient();
  const { palette, help, files, prompts } = useFrame();
  useShortcuts();
  useNewChat();
  useEffect(() => followOpen(client), [client]);
  return (
    <div className="flex h-dvh print:block print:h-auto">
      <a className="skip-link" href={composer ? '#composer' : '#content'}>
        {composer ? strings.skipToComposer : strings.skipToContent}
      </a>
      <Sidebar />
      {children}
      <Toasts />
      <Tooltips />
      <Suspense>
        {palette && <Palette />}
        {help && <ShortcutHelp />}
        {files && <FilesDialog />}
        {prompts && <PromptLibrary />}
      </Suspense>
    </div>
  );
}
