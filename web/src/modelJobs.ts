/**
 * Keeps the progress of work on models up to date on the page *Models*, and shows what it has done
 * when it has ended. Without scripts a reload does.
 */
const list = document.querySelector<HTMLElement>('[data-jobs]');
/** In the language of the page. */
const words = { progress: '{done} / {total}', ...list?.dataset } as Record<string, string>;
const gigabytes = new Intl.NumberFormat(document.documentElement.lang, { style: 'unit', unit: 'gigabyte', maximumFractionDigits: 1 });
const megabytes = new Intl.NumberFormat(document.documentElement.lang, { style: 'unit', unit: 'megabyte', maximumFractionDigits: 0 });
/** How often the progress is asked for (ms). */
const EVERY_MS = 1_000;

interface Job {
  id: string;
  connection: string;
  state: string;
  done_bytes: number;
  total_bytes: number;
}

if (list?.dataset['jobs'] === 'busy') setTimeout(() => void look(), EVERY_MS);

async function look(): Promise<void> {
  try {
    const response = await fetch('/api/model-jobs/', { headers: { Accept: 'application/json' } });
    const { results }: { results: Job[] } = await response.json();
    for (const job of results) show(job);
    if (results.some(({ state }) => state === 'waiting' || state === 'running')) {
      setTimeout(() => void look(), EVERY_MS);
    } else {
      location.reload();
    }
  } catch {
    setTimeout(() => void look(), EVERY_MS * 5); // the server is away
  }
}

function size(bytes: number): string {
  return bytes < 1e9 ? megabytes.format(bytes / 1e6) : gigabytes.format(bytes / 1e9);
}

function show(job: Job): void {
  const row = document.querySelector(`[data-job="${job.id}"]`);
  const state = row?.querySelector('[data-state]');
  const bar = row?.querySelector('progress');
  // What has no button to cancel it had ended before, and the page says how.
  if (!row?.querySelector('form') || !state) return;
  const known = job.state === 'running' && job.total_bytes > 0;
  const progress = (words['progress'] ?? '').replace('{done}', size(job.done_bytes)).replace('{total}', size(job.total_bytes));
  const said = [words[job.state] || job.state, ...(known ? [progress] : []), job.connection];
  state.textContent = said.join(' · ');
  if (bar && job.total_bytes > 0) {
    bar.max = job.total_bytes;
    bar.value = job.done_bytes;
  }
}
