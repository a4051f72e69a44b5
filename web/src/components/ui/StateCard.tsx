import type { LucideIcon } from 'lucide-react';
import type { ReactNode } from 'react';

interface Props {
  icon: LucideIcon;
  title: string;
  body: string;
  /** The way on: buttons and links. */
  children: ReactNode;
}

/** A card in the place of the thread, when there is none to show. */
export function StateCard({ icon: Icon, title, body, children }: Props) {
  return (
    <div className="m-auto flex w-full max-w-card animate-rise flex-col items-center gap-2 px-4 py-12 text-center">
      <div className="mb-3 grid size-14 place-items-center rounded-full bg-primary-soft text-primary">
        <Icon className="size-6" strokeWidth={1.75} aria-hidden />
      </div>
      <h2 className="text-xl font-semibold tracking-tight text-balance">{title}</h2>
      <p className="text-ink-muted text-pretty">{body}</p>
      <div className="mt-4 flex flex-wrap justify-center gap-2">{children}</div>
    </div>
  );
}
