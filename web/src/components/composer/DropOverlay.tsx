import { FileUp } from 'lucide-react';
import { useEffect, useState } from 'react';
import { fileStrings } from '../../strings/files';

/** Shows that files may be dropped, wherever on the page, as long as some are dragged over it. */
export function DropOverlay() {
  const [shown, setShown] = useState(false);
  useEffect(() => {
    const { signal, abort } = listening();
    const end = () => setShown(false);
    document.addEventListener('dragover', (event) => setShown(event.dataTransfer?.types.includes('Files') ?? false), { signal });
    // Without a target it goes to: they have left the page.
    document.addEventListener('dragleave', (event) => event.relatedTarget === null && end(), { signal });
    document.addEventListener('drop', end, { signal });
    document.addEventListener('dragend', end, { signal });
    return abort;
  }, []);
  if (!shown) return null;
  return (
    <div className="pointer-events-none fixed inset-0 z-50 grid place-items-center bg-scrim p-6" aria-hidden>
      <div className="flex animate-rise flex-col items-center gap-4 rounded-sheet border-2 border-dashed border-primary bg-surface px-10 py-9 text-center shadow-dialog">
        <FileUp className="size-9 text-primary" strokeWidth={1.5} />
        <p className="text-lg font-semibold">{fileStrings.drop}</p>
      </div>
    </div>
  );
}

function listening() {
  const controller = new AbortController();
  return { signal: controller.signal, abort: () => controller.abort() };
}
