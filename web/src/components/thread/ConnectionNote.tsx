import { CloudOff, LogIn, Unplug, Zap } from 'lucide-react';
import { useEffect, useState, type ReactNode } from 'react';
import type { LucideIcon } from 'lucide-react';
import { signInAddress } from '../../signIn';
import { strings } from '../../strings';
import type { Connection } from '../../transport/types';
import { isPlain } from '../ui/isPlain';
import { SignInDialog } from '../dialogs/SignInDialog';

/** A shorter gap in the connection is not reported, in milliseconds. */
const QUIET_MS = 1000;

interface Props {
  connection: Connection;
  /** The person has signed in here: the connection can be tried again. */
  onSignedIn(): void;
  onDetails(): void;
}

/** A note about a problem with the connection; floats above the thread, so that nothing moves (where there is room). */
export function ConnectionNote({ connection, onSignedIn, onDetails }: Props) {
  const { mode, since } = connection;
  const late = useLate(since);
  const [signingIn, setSigningIn] = useState(false);
  if (mode === 'offline') return <Note icon={CloudOff} loud text={strings.connection.offline} onDetails={onDetails} />;
  if (mode === 'signed_out') {
    return (
      <>
        <Note icon={LogIn} loud text={strings.connection.signedOut}>
          <a
            className="link ms-1 font-semibold"
            href={signInAddress()}
            onClick={(event) => {
              if (!isPlain(event)) return;
              event.preventDefault();
              setSigningIn(true);
            }}
          >
            {strings.connection.signIn}
          </a>
        </Note>
        {signingIn && <SignInDialog onSignedIn={onSignedIn} onClose={() => setSigningIn(false)} />}
      </>
    );
  }
  if (mode === 'rest') return <Note icon={Zap} text={strings.connection.rest} onDetails={onDetails} />;
  if (mode === 'reconnecting' && late) return <Note icon={Unplug} text={strings.connection.reconnecting} onDetails={onDetails} />;
  if (mode === 'connecting' && late) return <Note icon={Unplug} text={strings.connection.connecting} onDetails={onDetails} />;
  return null;
}

/** True from `QUIET_MS` after `since` on. */
function useLate(since: number): boolean {
  const [lateSince, setLateSince] = useState<number>();
  useEffect(() => {
    const timer = setTimeout(() => setLateSince(since), Math.max(0, since + QUIET_MS - Date.now()));
    return () => clearTimeout(timer);
  }, [since]);
  return lateSince === since;
}

interface NoteProps {
  icon: LucideIcon;
  text: string;
  loud?: boolean;
  /** Opens the details of the connection. */
  onDetails?: () => void;
  children?: ReactNode;
}

function Note({ icon: Icon, text, loud = false, onDetails, children }: NoteProps) {
  const colors = loud ? 'bg-warning-soft border-warning/40 text-ink' : 'bg-surface border-line text-ink-muted';
  return (
    <div data-note={loud ? 'loud' : 'quiet'} className={`pointer-events-none absolute inset-x-0 top-2.5 z-10 flex max-sm:top-1 justify-center px-4 print:hidden ${loud ? 'max-sm:static max-sm:pt-2.5' : ''}`}>
      <p
        role="status"
        className={`pointer-events-auto flex animate-rise items-center gap-2 rounded-card border px-3.5 py-1.5 text-sm shadow-float ${colors}`}
      >
        <Icon className="size-4 shrink-0" aria-hidden />
        <span>
          {text}
          {children}
          {onDetails && (
            <button type="button" className="link ms-2 font-medium" onClick={onDetails}>
              {strings.connection.details}
            </button>
          )}
        </span>
      </p>
    </div>
  );
}
