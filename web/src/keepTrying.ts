/** Between a download that failed and the next one (ms). */
const PAUSE_MS = 2_000;
/** It may also be gone for good, with the version of the server that this page came from. */
const MOST_TRIES = 30;

/** Loads a part of the page over a network that may fail just then; rejects after a minute. */
export async function keepTrying<Part>(load: () => Promise<Part>): Promise<Part> {
  for (let tries = 1; ; tries += 1) {
    try {
      // oxlint-disable-next-line no-await-in-loop -- one after the other is what it is for
      return await load();
    } catch (error) {
      if (tries === MOST_TRIES) throw error;
    }
    // oxlint-disable-next-line no-await-in-loop
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}

/**
 * Loads a stylesheet anew that failed. The loader of parts does not: the next time that it is asked
 * for a part it takes a stylesheet that failed for one that is there (Vite's `preload-helper`).
 */
export function keepTryingStyles(): void {
  const failed = ({ target: link }: Event) => {
    if (!(link instanceof HTMLLinkElement) || link.rel !== 'stylesheet') return;
    const tries = Number(link.dataset['tries'] ?? 0) + 1;
    if (tries === MOST_TRIES) return;
    link.dataset['tries'] = `${tries}`;
    setTimeout(() => link.replaceWith(link.cloneNode()), PAUSE_MS);
  };
  // Such an event does not bubble.
  document.addEventListener('error', failed, { capture: true });
}
