import { ChevronDown, ChevronUp, X } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { formatCount } from '../../format';
import type { Playground } from '../../hooks/usePlayground';
import { serverIdOf } from '../../session/thread';
import { showFound, useFound, type Found } from '../../state/found';
import { strings } from '../../strings';
import { IconButton } from '../ui/IconButton';
import { wordsOf } from '../ui/Marked';
import { whenDrawn } from './whenDrawn';

/** Pages of older messages that are loaded at most to reach a hit. */
const MOST_PAGES = 60;
/** More places than these are not marked. */
const MOST_PLACES = 2_000;
/** What is far from the window is laid out when it comes near, which moves the place (ms). */
const SETTLES_MS = 250;

/** The places of a search hit in the open thread, marked, with the way from one to the next. */
export function FoundPlaces({ conversationId, playground }: { conversationId: string; playground: Playground }) {
  const found = useFound((store) => store.found);
  if (found?.conversation !== conversationId) return null;
  return <Places key={`${found.message} ${found.query}`} found={found} playground={playground} />;
}

function Places({ found, playground }: { found: Found; playground: Playground }) {
  const { messages, hasOlder, loadOlder, show } = playground;
  const [places, setPlaces] = useState<Range[] | null>(null);
  const [at, setAt] = useState(0);
  const [drawn, setDrawn] = useState(false);
  const tries = useRef(0);
  const index = messages.findIndex((message) => serverIdOf(message) === found.message);
  const first = messages[0]?.id;

  // The message may be further back, or on another branch.
  useEffect(() => {
    if (index >= 0 || tries.current >= MOST_PAGES) return;
    tries.current += 1;
    if (hasOlder) void loadOlder().catch(() => undefined);
    else if (tries.current < MOST_PAGES) {
      tries.current = MOST_PAGES;
      void show(found.message).catch(() => undefined);
    }
  }, [index, first, hasOlder, loadOlder, show, found.message]);

  // Until then the message may have no element, and another one its number.
  useEffect(() => whenDrawn(() => setDrawn(true)), []);

  useEffect(() => {
    if (index < 0 || !drawn) return;
    const articles = document.querySelectorAll<HTMLElement>('[role=log] article');
    const article = articles[index];
    const all = [...articles].flatMap((element) => placesIn(element, found.query)).slice(0, MOST_PLACES);
    const here = all.findIndex(({ startContainer }) => article?.contains(startContainer));
    setPlaces(all);
    setAt(Math.max(0, here));
    mark('found', all);
    if (article) reveal(all[here] ?? article);
    return () => {
      for (const name of ['found', 'found-now']) CSS.highlights?.delete(name);
    };
    // Its place does not change as the thread grows.
    // oxlint-disable-next-line react/exhaustive-deps
  }, [index >= 0 && drawn, found]);

  function go(step: number) {
    if (!places?.length) return;
    const next = (at + step + places.length) % places.length;
    setAt(next);
    reveal(places[next]!);
  }

  const count = places?.length ?? 0;
  return (
    <div role="search" aria-label={strings.found.name} className="flex h-11 shrink-0 items-center gap-1 border-b border-line bg-surface ps-4 pe-1 text-sm print:hidden">
      <p role="status" className="min-w-0 flex-1 truncate text-ink-muted">
        {places === null
          ? strings.found.looking
          : count === 0
            ? strings.found.none
            : strings.found.place(formatCount(at + 1), formatCount(count), found.query)}
      </p>
      <IconButton icon={ChevronUp} label={strings.found.previous} disabled={count < 2} className="disabled:opacity-40" onClick={() => go(-1)} />
      <IconButton icon={ChevronDown} label={strings.found.next} disabled={count < 2} className="disabled:opacity-40" onClick={() => go(1)} />
      <IconButton icon={X} label={strings.found.close} onClick={() => showFound(null)} />
    </div>
  );
}

/** Where the words begin in what a message says, in its order: not in its time, its figures and notes. */
function placesIn(message: HTMLElement, query: string): Range[] {
  const words = wordsOf(query);
  if (words.length === 0) return [];
  const pattern = new RegExp(`(?<![\\p{L}\\p{N}_])(?:${words.join('|')})`, 'giu');
  const walker = document.createTreeWalker(message, NodeFilter.SHOW_TEXT, ({ parentElement: element }) =>
    element?.closest('[data-said]') && !element.closest('button, [aria-hidden=true], .sr-only')
      ? NodeFilter.FILTER_ACCEPT
      : NodeFilter.FILTER_REJECT,
  );
  const ranges: Range[] = [];
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    for (const { index, 0: text } of (node.textContent ?? '').matchAll(pattern)) {
      const range = new Range();
      range.setStart(node, index);
      range.setEnd(node, index + text.length);
      ranges.push(range);
    }
  }
  return ranges;
}

/** The build does not know this pseudo-element. */
const LOOKS = `
  ::highlight(found) { background-color: var(--color-accent-soft); }
  ::highlight(found-now) { background-color: var(--color-accent); color: var(--color-on-accent); }
`;
let styled = false;

function addLooks(): void {
  if (styled) return;
  styled = true;
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(LOOKS);
  document.adoptedStyleSheets.push(sheet);
}

/** Without a change of the page's elements, which React draws. */
function mark(name: string, ranges: Range[]): void {
  if (typeof Highlight === 'undefined') return;
  addLooks();
  CSS.highlights.set(name, new Highlight(...ranges));
}

function reveal(place: Range | HTMLElement): void {
  const element = place instanceof Range ? place.startContainer.parentElement : place;
  if (place instanceof Range) mark('found-now', [place]);
  const article = element?.closest('article');
  const scroll = () => element?.scrollIntoView({ block: 'center' });
  if (article) {
    // What has the focus is what the reader looks at: the thread does not go back to its end.
    article.tabIndex = -1;
    article.focus({ preventScroll: true });
  }
  scroll();
  setTimeout(scroll, SETTLES_MS);
}
