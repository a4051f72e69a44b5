import { strings } from '../../strings';

const LINES = ['w-11/12', 'w-full', 'w-4/5', 'w-2/3'];

/**
 * The shape of a conversation, while it is on its way. The server draws the same.
 *
 * @param blank it may be a new one: only the message field is certain
 */
export function Skeleton({ blank }: { blank: boolean }) {
  return (
    <>
      <div className="mx-auto flex w-full max-w-column flex-1 flex-col gap-8 px-4 pt-8" role="status">
        <span className="sr-only">{strings.states.loading}</span>
        {!blank && (
          <>
            <div className="h-12 w-3/5 animate-shimmer self-end rounded-card bg-sunken" />
            <div className="flex flex-col gap-3 md:ps-11">
              {LINES.map((width) => (
                <div key={width} className={`h-4 animate-shimmer rounded-control bg-sunken ${width}`} />
              ))}
            </div>
          </>
        )}
      </div>
      <div className="mx-auto w-full max-w-column px-3 pb-[max(0.5rem,env(safe-area-inset-bottom))] md:px-4">
        <div className="rounded-sheet border border-line-strong bg-surface p-1.5 shadow-float">
          <div className="min-h-11" />
        </div>
        <div className="h-7" />
      </div>
    </>
  );
}
