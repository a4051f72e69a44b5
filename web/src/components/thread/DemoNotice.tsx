import { FlaskConical, X } from 'lucide-react';
import { useState } from 'react';
import { strings } from '../../strings';
import { OllamaSteps } from '../models/OllamaSteps';
import { IconButton } from '../ui/IconButton';

const KEY = 'demo-notice-hidden';

/** Tells that the small demonstration model answers, and how to get a better one. */
export function DemoNotice({ notice, code }: { notice: string; code: string | null }) {
  const [hidden, setHidden] = useState(() => localStorage.getItem(KEY) === notice);
  if (hidden) return null;
  function hide() {
    localStorage.setItem(KEY, notice);
    setHidden(true);
  }
  return (
    <aside aria-label={strings.demo.name} className="mt-6 flex gap-3 rounded-card bg-accent-soft p-1.5 ps-4 text-sm">
      <FlaskConical className="mt-3 size-4.5 shrink-0" aria-hidden />
      <div className="min-w-0 flex-1 py-2.5">
        <p>{strings.demo.notices[code ?? ''] ?? notice}</p>
        <details className="mt-1">
          <summary className="inline-block rounded-control py-1 font-medium underline underline-offset-2">
            {strings.demo.how}
          </summary>
          <OllamaSteps last={strings.demo.steps[2]} />
        </details>
      </div>
      <IconButton icon={X} label={strings.demo.dismiss} onClick={hide} />
    </aside>
  );
}
