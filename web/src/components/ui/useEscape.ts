import { useLayoutEffect } from 'react';

/** Calls `action` on Escape while `active`, unless Escape has something nearer to close. */
export function useEscape(action: () => void, active: boolean): void {
  // Before Stop is painted: its key works as soon as it is seen.
  useLayoutEffect(() => {
    if (!active) return;
    function onKeyDown(event: KeyboardEvent) {
      if (event.key !== 'Escape' || event.shiftKey || event.defaultPrevented || event.isComposing) return;
      if (document.querySelector('dialog[open], [data-menu]')) return;
      action();
    }
    window.addEventListener('keydown', onKeyDown);
    return () => window.removeEventListener('keydown', onKeyDown);
  }, [action, active]);
}
