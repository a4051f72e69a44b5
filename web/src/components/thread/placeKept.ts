/** Where one was reading in a thread, kept over a reload of the page. */
interface Place {
  path: string;
  /** How many messages come after the one at the top of the view, … */
  after: number;
  /** … and how far that begins from there, in pixels. */
  top: number;
}

const NAME = 'place';

/** Keeps the place for the next load in this tab; null: the end, where one comes without any. */
export function keepPlace(box: HTMLElement | null): void {
  try {
    sessionStorage.removeItem(NAME);
    const place = box && placeIn(box);
    if (place) sessionStorage.setItem(NAME, JSON.stringify(place));
  } catch {
    // Then the thread is opened at its end.
  }
}

/** Is there a place to return to? */
export function hasPlace(): boolean {
  try {
    const text = sessionStorage.getItem(NAME);
    return text !== null && (JSON.parse(text) as Place).path === location.pathname;
  } catch {
    return false;
  }
}

/** Goes to the place that was kept, once; false when there is none. */
export function returnToPlace(box: HTMLElement): boolean {
  const place = taken();
  if (place?.path !== location.pathname) return false;
  const message = articles(box).at(-1 - place.after);
  box.scrollTop = message ? box.scrollTop + topOf(message, box) - place.top : 0;
  return true;
}

function placeIn(box: HTMLElement): Place | null {
  const all = articles(box);
  const index = all.findIndex((element) => element.getBoundingClientRect().bottom > box.getBoundingClientRect().top);
  const first = all[index];
  return first ? { path: location.pathname, after: all.length - 1 - index, top: topOf(first, box) } : null;
}

function taken(): Place | null {
  try {
    const text = sessionStorage.getItem(NAME);
    sessionStorage.removeItem(NAME);
    return text === null ? null : (JSON.parse(text) as Place);
  } catch {
    return null;
  }
}

function articles(box: HTMLElement): HTMLElement[] {
  return [...box.querySelectorAll('article')];
}

function topOf(element: HTMLElement, box: HTMLElement): number {
  return element.getBoundingClientRect().top - box.getBoundingClientRect().top;
}
