import { useEffect, useState } from 'react';
import { drawFormatted, finishDrawing, startDrawing } from '../../state/drawing';

/** Drawn is what has stood for so long (ms): formulas and diagrams come a little later. */
const SETTLED_MS = 2_000;

/** Whether the conversation is shown as plain text, because it has ended the page; and the way back. */
export function useDrawing(id: string): [boolean, () => void] {
  const [plain, setPlain] = useState(() => startDrawing(id));
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout>;
    const look = () => {
      if (document.querySelector('.prose[aria-busy]')) timer = setTimeout(look, SETTLED_MS);
      else finishDrawing(id, plain);
    };
    timer = setTimeout(look, SETTLED_MS);
    return () => {
      clearTimeout(timer);
      finishDrawing(id, plain);
    };
  }, [id, plain]);
  function format() {
    drawFormatted(id);
    setPlain(false);
  }
  return [plain, format];
}
