import { CloudOff, LogIn, RotateCcw, SearchX, Unplug, Wifi, X, Zap } from 'lucide-react';
import { useEffect, useState, type ReactNode } from 'react';
import type { LucideIcon } from 'lucide-react';
import { formatDuration, formatTime } from '../../format';
import { aroundStrings } from '../../strings/around';
import type { Connection, ConnectionMode } from '../../transport/types';
import { IconButton } from '../ui/IconButton';
import { ModalDialog } from '../ui/ModalDialog';

interface Props {
  connection: Connection;
  /** When the last frame came, in milliseconds since 1970; null without a socket. */
  heardAt(): number | null;
  onRetry(): void;
  onClose(): void;
}

const words = aroundStrings.connection;

const ICONS: Record<ConnectionMode, LucideIcon> = {
  connecting: Unplug,
  socket: Wifi,
  rest: Zap,
  reconnecting: Unplug,
  offline: CloudOff,
  signed_out: LogIn,
  missing: SearchX,
};

/** How the page is connected, in words: which way, why, since when, and what follows from it. */
export function ConnectionDialog({ connection, heardAt, onRetry, onClose }: Props) {
  const { mode, reason, since } = connection;
  const now = useNow();
  const why = reason === undefined ? undefined : words.reasons[reason];
  const canRetry = mode === 'rest' || mode === 'reconnecting' || mode === 'offline';
  return (
    <ModalDialog
      label={words.title}
      onClose={onClose}
      className="m-auto max-h-[85dvh] w-[min(30rem,calc(100%-2rem))] overflow-y-auto rounded-card"
    >
      <div className="flex items-center justify-between py-3 ps-6 pe-3">
        <h2 className="text-lg font-semibold">{words.title}</h2>
        <IconButton icon={X} label={words.close} onClick={onClose} />
      </div>
      <div className="flex flex-col gap-5 px-6 pb-6">
        <Summary mode={mode} />
        <dl className="flex flex-col gap-3.5 text-sm">
          {why && mode !== 'socket' && <Fact name={words.why}>{why}</Fact>}
          <Fact name={words.since}>
            {words.sinceFor(formatTime(new Date(since).toISOString()), durationWords(now - since))}
          </Fact>
          <Fact name={words.heard}>{heardWords(mode, heardAt(), now)}</Fact>
          <Fact name={words.sending}>{words.message[mode]}</Fact>
        </dl>
        {canRetry && (
          <button type="button" className="button button-quiet self-end" onClick={onRetry}>
            <RotateCcw className="size-4" aria-hidden />
            {words.retry}
          </button>
        )}
      </div>
    </ModalDialog>
  );
}

/** Up to this age (ms), it is "just now". */
const MOMENT_MS = 2_000;

function Summary({ mode }: { mode: ConnectionMode }) {
  const Icon = ICONS[mode];
  const colors = mode === 'socket' ? 'bg-primary-soft text-primary' : 'bg-warning-soft text-warning';
  return (
    <p role="status" className="flex items-center gap-3.5">
      <span className={`grid size-10 shrink-0 place-items-center rounded-full ${colors}`}>
        <Icon className="size-5" strokeWidth={1.75} aria-hidden />
      </span>
      {words.how[mode]}
    </p>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt className="text-xs font-medium text-ink-muted">{name}</dt>
      <dd className="mt-0.5">{children}</dd>
    </div>
  );
}

function heardWords(mode: ConnectionMode, heardAt: number | null, now: number): string {
  if (heardAt !== null) {
    const ago = now - heardAt;
    return ago < MOMENT_MS ? words.heardNow : words.heardAgo(formatDuration(ago));
  }
  return mode === 'rest' ? words.heardRest : words.heardNot;
}

/** How long a state has lasted. */
function durationWords(ms: number): string {
  return ms < MOMENT_MS ? words.moment : formatDuration(ms);
}

/** The time, every second. */
function useNow(): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  return now;
}
