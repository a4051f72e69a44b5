import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import {
  Archive, BookMarked, Bot, Code, Copy, Eraser, FileText, Keyboard, MessageCircleDashed, MessageSquareText, Monitor, Moon, PanelLeft, Pencil, Pin,
  Printer, RefreshCw, Search, SlidersHorizontal, SquarePen, Sun, Trash2, UserRound,
} from 'lucide-react';
import type { LucideIcon } from 'lucide-react';
import { useEffect, useState, type KeyboardEvent } from 'react';
import type { FoundConversation } from '../../protocol';
import { isPossible, run, type CommandName } from '../../state/commands';
import { rows } from '../../state/conversationList';
import { listQuery, searchQuery } from '../../state/conversations';
import { useFrame } from '../../state/frame';
import { idInPath, route } from '../../state/route';
import { keyName, SHORTCUTS } from '../../state/shortcuts';
import { aroundStrings } from '../../strings/around';
import { MarkedParts } from '../ui/MarkedParts';
import { ModalDialog } from '../ui/ModalDialog';
import { titleOf, useActions } from '../sidebar/useActions';
import { useDeferred } from '../sidebar/useDeferred';

const words = aroundStrings.palette;
/** In the order in which they are offered. */
const ICONS = {
  newChat: SquarePen,
  temporaryChat: MessageCircleDashed,
  chooseModel: Bot,
  toggleSidebar: PanelLeft,
  toggleSettings: SlidersHorizontal,
  copyReply: Copy,
  copyCode: Code,
  regenerate: RefreshCw,
  renameChat: Pencil,
  pinChat: Pin,
  archiveChat: Archive,
  exportChat: FileText,
  printChat: Printer,
  clear: Eraser,
  deleteChat: Trash2,
  themeLight: Sun,
  themeDark: Moon,
  themeSystem: Monitor,
  prompts: BookMarked,
  profile: UserRound,
  help: Keyboard,
} satisfies Partial<Record<CommandName, LucideIcon>>;
type Offered = keyof typeof ICONS;
const COMMANDS = Object.keys(ICONS) as Offered[];
/** Offered before anything is typed; the others are found by their words. */
const FIRST: ReadonlySet<CommandName> = new Set([
  'newChat', 'chooseModel', 'toggleSidebar', 'toggleSettings', 'copyReply', 'copyCode', 'clear', 'help',
]);
/** Shown before anything is searched for. */
const RECENT = 5;
const PAUSE_MS = 150;

type Choice = { id: string; choose(): void } & (
  | { command: Offered }
  | { row: FoundConversation }
);

const close = () => useFrame.setState({ palette: false });

/** Commands and conversations in one list, filtered by the text. */
export function Palette() {
  const [text, setText] = useState('');
  const [at, setAt] = useState(0);
  const { choices, waiting } = useChoices(text.trim());
  const chosen = choices[Math.min(at, choices.length - 1)];
  useEffect(() => {
    if (chosen) document.getElementById(chosen.id)?.scrollIntoView({ block: 'nearest' });
  }, [chosen]);

  function onKeyDown(event: KeyboardEvent) {
    if (event.nativeEvent.isComposing) return;
    const count = Math.max(1, choices.length);
    if (event.key === 'ArrowDown') setAt((at + 1) % count);
    else if (event.key === 'ArrowUp') setAt((at - 1 + count) % count);
    else if (event.key === 'Enter') chosen?.choose();
    else return;
    event.preventDefault();
  }

  const commands = choices.filter((choice) => 'command' in choice);
  const chats = choices.filter((choice) => 'row' in choice);
  return (
    <ModalDialog
      label={words.name}
      onClose={close}
      className="mx-auto mt-[min(12dvh,6rem)] mb-auto flex max-h-[70dvh] low:mt-2 low:max-h-[calc(100dvh-1rem)] w-[min(40rem,calc(100%-1.5rem))] flex-col overflow-hidden rounded-card p-0"
    >
      <div className="flex shrink-0 items-center gap-3 border-b border-line px-4">
        <Search className="size-5 shrink-0 text-ink-muted" strokeWidth={1.75} aria-hidden />
        <input
          type="text"
          role="combobox"
          aria-label={words.placeholder}
          aria-expanded="true"
          aria-controls="palette-list"
          aria-activedescendant={chosen?.id}
          aria-autocomplete="list"
          autoComplete="off"
          spellCheck={false}
          placeholder={words.placeholder}
          value={text}
          onChange={(event) => {
            setText(event.currentTarget.value);
            setAt(0);
          }}
          onKeyDown={onKeyDown}
          className="h-14 min-w-0 flex-1 bg-transparent text-base outline-none"
        />
      </div>
      <div id="palette-list" role="listbox" aria-label={words.name} className="scroll-quiet min-h-0 overflow-y-auto p-2">
        {text.trim() === '' && <Choices name={words.recent} all={chats} chosen={chosen} />}
        <Choices name={words.commands} all={commands} chosen={chosen} />
        {text.trim() !== '' && (
          <Choices name={words.conversations} all={chats} chosen={chosen} />
        )}
      </div>
      {choices.length === 0 && (
        <p className="px-6 pb-8 text-center text-sm break-words text-ink-muted" aria-live="polite">
          {waiting ? words.searching : words.empty(text.trim())}
        </p>
      )}
      <p className="flex shrink-0 gap-4 border-t border-line px-4 py-2 text-xs text-ink-muted pointer-coarse:hidden low:hidden" aria-hidden>
        {['↑↓', '↵', keyName('Escape')].map((key, index) => (
          <span key={key}>
            <kbd className="kbd">{key}</kbd> {words.keys[index]}
          </span>
        ))}
      </p>
    </ModalDialog>
  );
}

function useChoices(query: string): { choices: Choice[]; waiting: boolean } {
  const { open } = useActions();
  const deferred = useDeferred(query, PAUSE_MS);
  const recent = useInfiniteQuery(listQuery('recent'));
  const search = useInfiniteQuery({ ...searchQuery(deferred), placeholderData: keepPreviousData });
  const after = (action: () => unknown) => () => {
    close();
    // When the dialog has gone and given the focus back.
    setTimeout(action);
  };
  const matching = COMMANDS.filter(
    (name) => isPossible(name) && (query === '' ? FIRST.has(name) : isAbout(name, query)),
  );
  const here = idInPath(route.path());
  const results =
    query === '' ? rows(recent.data).filter(({ id }) => id !== here).slice(0, RECENT) : rows(search.data);
  const commands = matching.map((command) => ({
    id: `palette-${command}`,
    command,
    choose: after(() => run(command)),
  }));
  const chats = results.map((row) => ({
    id: `palette-${row.id}`,
    row,
    choose: after(() => open(row, query)),
  }));
  return {
    waiting: query !== deferred || search.isFetching,
    // Who types nothing most likely wants to go back to something.
    choices: query === '' ? [...chats, ...commands] : [...commands, ...chats],
  };
}

/** Every word that was typed begins a word of the command. */
function isAbout(name: Offered, query: string): boolean {
  const known = ` ${aroundStrings.commands[name]}`.toLowerCase();
  return query.toLowerCase().split(/\s+/).every((word) => known.includes(` ${word}`));
}

interface ChoicesProps {
  name: string;
  all: Choice[];
  chosen: Choice | undefined;
}

function Choices({ name, all, chosen }: ChoicesProps) {
  if (all.length === 0) return null;
  return (
    <div role="group" aria-label={name}>
      <p aria-hidden className="px-3 pt-2 pb-1 text-xs font-semibold text-ink-muted">
        {name}
      </p>
      {all.map((choice) => (
        // The focus stays in the field, which names the chosen one.
        // oxlint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/interactive-supports-focus
        <div
          key={choice.id}
          id={choice.id}
          role="option"
          aria-selected={choice === chosen}
          onClick={() => choice.choose()}
          className="flex min-h-11 cursor-pointer items-center gap-3 rounded-control px-3 py-1.5 text-sm hover:bg-sunken aria-selected:bg-primary-soft forced-colors:aria-selected:outline-2"
        >
          {'command' in choice ? <CommandChoice name={choice.command} /> : <RowChoice row={choice.row} />}
        </div>
      ))}
    </div>
  );
}

function CommandChoice({ name }: { name: Offered }) {
  const Icon = ICONS[name];
  const keys = SHORTCUTS.find(({ command }) => command === name)?.keys ?? [];
  return (
    <>
      <Icon className="size-4 shrink-0 text-primary" strokeWidth={1.75} aria-hidden />
      <span className="flex-1">{aroundStrings.commands[name]}</span>
      <span className="flex gap-1 pointer-coarse:hidden" aria-hidden>
        {keys.map((key) => (
          <kbd key={key} className="kbd">
            {keyName(key)}
          </kbd>
        ))}
      </span>
    </>
  );
}

function RowChoice({ row }: { row: FoundConversation }) {
  return (
    <>
      <MessageSquareText className="size-4 shrink-0 text-ink-muted" strokeWidth={1.75} aria-hidden />
      <span className="min-w-0 flex-1">
        <span className="block truncate">
          <bdi>
            <MarkedParts text={titleOf(row)} parts={row.match?.title} />
          </bdi>
        </span>
        {row.snippet && (
          <span className="block truncate text-xs text-ink-muted">
            <bdi>
              <MarkedParts text={row.snippet} parts={row.match?.snippet} />
            </bdi>
          </span>
        )}
      </span>
    </>
  );
}
