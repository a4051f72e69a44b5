import { ChevronLeft, ChevronRight } from 'lucide-react';
import { use, useLayoutEffect, useRef } from 'react';
import { formatCount } from '../../format';
import { serverIdOf, type ThreadMessage } from '../../session/thread';
import { shortName } from '../../state/models';
import { strings } from '../../strings';
import { Actions } from './actions';
import { announce } from '../ui/announce';
import { SmallButton } from '../ui/SmallButton';

type Way = 'previous' | 'next';

/** The version that was asked for, and the button that asked: the focus goes on to its like. */
let awaited: { id: string; way: Way } | null = null;

/** “2/3” with the ways to the versions before and after; nothing when there is only one. */
export function VersionSwitch({ message }: { message: ThreadMessage }) {
  const actions = use(Actions);
  const group = useRef<HTMLDivElement>(null);
  const id = serverIdOf(message);
  const versions = message.metadata?.sibling_ids ?? [];
  const index = versions.indexOf(id);
  const count = versions.length;
  const words = strings.versions.place(formatCount(index + 1), formatCount(count));

  useLayoutEffect(() => {
    if (awaited?.id !== id) return;
    const { way } = awaited;
    awaited = null;
    const buttons = [...(group.current?.querySelectorAll('button') ?? [])];
    const same = buttons[way === 'previous' ? 0 : 1];
    // At the last version the button that was pressed is off: the other one is the way on.
    (same?.disabled ? buttons.find((button) => !button.disabled) : same)?.focus({ preventScroll: true });
    announce(words);
  });

  if (!actions || count < 2 || index < 0) return null;
  const { show, modelOf, busy } = actions;

  function versionAt(way: Way): string | undefined {
    return versions[index + (way === 'next' ? 1 : -1)];
  }

  /** What the button does, with the model of that version. */
  function tipOf(way: Way): string {
    const model = modelOf(versionAt(way) ?? '');
    return model ? strings.versions.by(strings.versions[way], shortName(model)) : strings.versions[way];
  }

  async function turn(way: Way) {
    const next = versionAt(way);
    if (next === undefined) return;
    awaited = { id: next, way };
    if (!(await show(next))) awaited = null;
  }

  return (
    <div ref={group} data-keeps-place role="group" aria-label={strings.versions.name} className="flex items-center">
      <SmallButton
        icon={ChevronLeft}
        label={strings.versions.previous}
        className="rtl:rotate-180"
        data-tip={tipOf('previous')}
        disabled={busy || index === 0}
        onClick={() => void turn('previous')}
      />
      <span className="min-w-7 text-center text-xs tabular-nums">
        <span aria-hidden>
          {formatCount(index + 1)}/{formatCount(count)}
        </span>
        <span className="sr-only">{words}</span>
      </span>
      <SmallButton
        icon={ChevronRight}
        label={strings.versions.next}
        className="rtl:rotate-180"
        data-tip={tipOf('next')}
        disabled={busy || index === count - 1}
        onClick={() => void turn('next')}
      />
    </div>
  );
}
