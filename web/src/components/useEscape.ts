import { useEffect } from 'react';

/** Calls `action` on Escape while `active`, unless Escape has something nearer to close. */
export function useEscape(action: () => void, active: boolean): void {
  useEffect(() => {
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
