import { X } from 'lucide-react';
import { useFrame } from '../../state/frame';
import { keyName, SHORTCUTS, type Shortcut } from '../../state/shortcuts';
import { aroundStrings } from '../../strings/around';
import { IconButton } from '../ui/IconButton';
import { ModalDialog } from '../ui/ModalDialog';

const { title, close: closeLabel, groups, list, or, note } = aroundStrings.help;
type Keys = readonly string[];

/** Every shortcut of the page. */
export function ShortcutHelp() {
  const close = () => useFrame.setState({ help: false });
  return (
    <ModalDialog
      label={title}
      onClose={close}
      className="m-auto max-h-[85dvh] w-[min(56rem,calc(100%-2rem))] overflow-y-auto rounded-card"
    >
      <div className="flex items-center justify-between py-3 ps-6 pe-3">
        <h2 className="text-lg font-semibold">{title}</h2>
        <IconButton icon={X} label={closeLabel} onClick={close} />
      </div>
      <div className="grid items-start gap-x-10 gap-y-6 px-6 pb-5 md:grid-cols-2">
        <div className="flex flex-col gap-6">
          <Section name={groups.everywhere} rows={ofGroup('everywhere')} />
          <Section
            name={groups.list}
            rows={[
              [list.move, [['ArrowUp'], ['ArrowDown']]],
              [list.open, [['Enter']]],
              [list.rename, [['F2']]],
              [list.remove, [['Delete']]],
            ]}
          />
        </div>
        <Section name={groups.thread} rows={[...ofGroup('thread'), [aroundStrings.commands.stop, [['Escape']]]]} />
      </div>
      <p className="border-t border-line px-6 py-3 text-xs text-ink-muted">{note}</p>
    </ModalDialog>
  );
}

type Row = [name: string, ways: Keys[]];

/** A command that has several ways is one row. */
function ofGroup(group: Shortcut['group']): Row[] {
  const shortcuts = SHORTCUTS.filter((shortcut) => shortcut.group === group);
  const commands = [...new Set(shortcuts.map(({ command }) => command))];
  return commands.map((command) => [
    aroundStrings.commands[command],
    shortcuts.filter((shortcut) => shortcut.command === command).map(({ keys }) => keys),
  ]);
}

function Section({ name, rows }: { name: string; rows: Row[] }) {
  return (
    <section aria-label={name}>
      <h3 className="mb-1 text-xs font-semibold text-ink-muted">{name}</h3>
      <ul className="divide-y divide-line">
        {rows.map(([what, ways]) => (
          <li key={what} className="flex min-h-10 items-center justify-between gap-4 py-1 text-sm">
            <span>{what}</span>
            <span className="flex shrink-0 items-center gap-1.5">
              {ways.map((keys, index) => (
                <span key={keys.join('+')} className="flex items-center gap-1">
                  {index > 0 && <span className="px-0.5 text-xs text-ink-muted">{or}</span>}
                  {keys.map((key) => (
                    <kbd key={key} className="kbd">
                      {keyName(key)}
                    </kbd>
                  ))}
                </span>
              ))}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
