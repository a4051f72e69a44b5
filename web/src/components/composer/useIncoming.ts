import { useEffect, useRef } from 'react';
import { strings } from '../../strings';
import { toast } from '../../state/toasts';
import { MAX_CONTENT } from './sendable';

const FIELDS = 'input, textarea, select, [contenteditable]';
/** Types of text that do not begin with `text/`; a file without a type is looked at by its name. */
const TEXT = /^(?:text\/|application\/(?:json|xml|javascript|x-sh|x-yaml|yaml|toml|sql))/;
const TEXT_NAME = /\.(?:txt|md|csv|tsv|json|ya?ml|toml|ini|cfg|log|xml|html?|css|[cm]?[jt]sx?|py|rb|go|rs|java|kt|c|h|cpp|cs|php|sh|sql|tex)$/i;

/**
 * What is dropped on the page or pasted outside of a field: text and text files go into the draft;
 * of others a toast says that they cannot be taken. A dropped file never replaces the page.
 */
export function useIncoming(onText: (text: string) => void): void {
  const take = useRef(onText);
  useEffect(() => {
    take.current = onText;
  });
  useEffect(() => {
    function onDragOver(event: DragEvent): void {
      if (event.dataTransfer?.types.includes('Files')) event.preventDefault();
    }
    function onDrop(event: DragEvent): void {
      const files = [...(event.dataTransfer?.files ?? [])];
      if (files.length === 0) return;
      event.preventDefault();
      void read(files).then((text) => text !== '' && take.current(text));
    }
    function onPaste(event: ClipboardEvent): void {
      const files = [...(event.clipboardData?.files ?? [])];
      const text = event.clipboardData?.getData('text/plain') ?? '';
      const inField = event.target instanceof Element && event.target.closest(FIELDS) !== null;
      if (text === '' && files.length > 0) {
        event.preventDefault();
        void read(files).then((content) => content !== '' && take.current(content));
      } else if (text !== '' && !inField && !document.querySelector('dialog[open], [data-menu]')) {
        event.preventDefault();
        take.current(text);
      }
    }
    const abort = new AbortController();
    const { signal } = abort;
    document.addEventListener('dragover', onDragOver, { signal });
    document.addEventListener('drop', onDrop, { signal });
    document.addEventListener('paste', onPaste, { signal });
    return () => abort.abort();
  }, []);
}

/** The text files among them, each with its name; says which could not be taken. */
async function read(files: File[]): Promise<string> {
  const texts = files.filter(({ type, name }) => TEXT.test(type) || TEXT_NAME.test(name));
  if (texts.length < files.length) toast(strings.composer.onlyText);
  const small = texts.filter(({ size }) => size <= MAX_CONTENT);
  if (small.length < texts.length) toast(strings.composer.fileTooLarge);
  const parts = await Promise.all(small.map(async (file) => `${file.name}:\n\n${fenced(await file.text())}`));
  return parts.join('\n\n');
}

/** In a fence that the text cannot close. */
function fenced(text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`{3,}/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}\n${text.replace(/\n$/, '')}\n${fence}`;
}
