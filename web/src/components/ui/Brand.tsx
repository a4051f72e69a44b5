import { strings } from '../../strings';

const BUBBLE =
  'M9 3h14a6 6 0 0 1 6 6v10a6 6 0 0 1-6 6h-8.2l-5.5 4.2A1.4 1.4 0 0 1 7 28.1v-3.4A6 6 0 0 1 3 19V9a6 6 0 0 1 6-6Z';
const SPARK = 'M16 7.2c.5 3.9 2.4 5.9 6.4 6.6-4 .7-5.9 2.7-6.4 6.6-.5-3.9-2.4-5.9-6.4-6.6 4-.7 5.9-2.7 6.4-6.6Z';

/** The mark: a speech bubble with a spark. */
export function Mark({ className }: { className: string }) {
  return (
    <svg viewBox="0 0 32 32" className={className} aria-hidden>
      <path className="fill-brand" d={BUBBLE} />
      <path className="fill-accent" d={SPARK} />
    </svg>
  );
}

/** `full`: with the name also where there is little room. */
export function Brand({ full = false }: { full?: boolean }) {
  return (
    <a
      href="/"
      aria-label={strings.home}
      className="inline-flex h-11 shrink-0 items-center gap-2.5 rounded-control px-2 font-semibold tracking-tight hover:bg-sunken"
    >
      <Mark className="size-7" />
      <span className={full ? undefined : 'hidden md:inline'}>{strings.product}</span>
    </a>
  );
}
