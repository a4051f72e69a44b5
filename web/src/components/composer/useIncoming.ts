import { useEffect, useRef } from 'react';

const FIELDS = 'input, textarea, select, [contenteditable]';

interface Takers {
  onText(text: string): void;
  onFiles(files: File[]): void;
}

/**
 * What is dropped on the page or pasted anywhere: files go beside the draft, and text that was
 * pasted outside of a field goes into it. A dropped file never replaces the page.
 */
export function useIncoming(takers: Takers): void {
  const latest = useRef(takers);
  useEffect(() => {
    latest.current = takers;
  });
  useEffect(() => {
    function onDragOver(event: DragEvent): void {
      if (event.dataTransfer?.types.includes('Files')) event.preventDefault();
    }
    function onDrop(event: DragEvent): void {
      const files = [...(event.dataTransfer?.files ?? [])];
      if (files.length === 0) return;
      event.preventDefault();
      if (!isCovered()) latest.current.onFiles(files);
    }
    function onPaste(event: ClipboardEvent): void {
      const files = [...(event.clipboardData?.files ?? [])];
      const text = event.clipboardData?.getData('text/plain') ?? '';
      const inField = event.target instanceof Element && event.target.closest(FIELDS) !== null;
      if (isCovered()) return;
      // A table that was copied is a text and a picture of it: the text is meant.
      if (text === '' && files.length > 0) {
        event.preventDefault();
        latest.current.onFiles(files);
      } else if (text !== '' && !inField) {
        event.preventDefault();
        latest.current.onText(text);
      }
    }
    const controller = new AbortController();
    const { signal } = controller;
    document.addEventListener('dragover', onDragOver, { signal });
    document.addEventListener('drop', onDrop, { signal });
    document.addEventListener('paste', onPaste, { signal });
    return () => controller.abort();
  }, []);
}

/** A dialog or a menu is over the thread. */
function isCovered(): boolean {
  return document.querySelector('dialog[open], [data-menu]') !== null;
}
