/** The state of the panels around the thread. */
import { create } from 'zustand';
import { readStored, writeStored } from '../stored';

const YEAR_S = 365 * 24 * 60 * 60;
/** From here on the sidebar stands beside the thread; below it is a drawer. */
export const WIDE = '(min-width: 64rem)';
/** From here on there is room for the run settings beside both. */
export const ROOMY = '(min-width: 80rem)';
const SETTINGS_STORED_AS = 'settings-open';

interface Frame {
  /** The sidebar on wide screens; in a cookie, so that the server renders the same frame. */
  sidebar: boolean;
  /** The same on small screens: over the thread, closed at first. */
  drawer: boolean;
  palette: boolean;
  help: boolean;
  /** The person's files. */
  files: boolean;
  /** The prompt library. */
  prompts: boolean;
  /** The run settings: remembered on wide screens, closed at first on small ones. */
  settings: boolean;
}

export const useFrame = create<Frame>()(() => ({
  sidebar: !/(?:^|; )sidebar=closed/.test(document.cookie),
  drawer: false,
  palette: false,
  help: false,
  files: false,
  prompts: false,
  settings: readStored(SETTINGS_STORED_AS) === true && isWide(),
}));

function isWide(): boolean {
  return window.matchMedia(WIDE).matches;
}

export function toggleSidebar(): void {
  const { sidebar, drawer, settings } = useFrame.getState();
  if (!isWide()) useFrame.setState({ drawer: !drawer });
  else if (sidebar && settings && !window.matchMedia(ROOMY).matches) showSettings(false);
  else {
    useFrame.setState({ sidebar: !sidebar });
    const word = sidebar ? 'closed' : 'open';
    document.cookie = `sidebar=${word}; path=/; max-age=${YEAR_S}; samesite=lax`;
  }
}

export function showSettings(settings: boolean): void {
  writeStored(SETTINGS_STORED_AS, settings);
  useFrame.setState({ settings });
}

export function closeDrawer(): void {
  if (useFrame.getState().drawer) useFrame.setState({ drawer: false });
}
