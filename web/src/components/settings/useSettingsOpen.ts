import { useState } from 'react';

const KEY = 'settings-open';

/** Whether the run settings are shown: remembered on wide screens, always closed at first on small ones. */
export function useSettingsOpen(): [boolean, (open: boolean) => void] {
  const [open, setOpen] = useState(
    () => localStorage.getItem(KEY) === 'yes' && window.matchMedia('(min-width: 64rem)').matches,
  );
  function change(next: boolean) {
    localStorage.setItem(KEY, next ? 'yes' : 'no');
    setOpen(next);
  }
  return [open, change];
}
