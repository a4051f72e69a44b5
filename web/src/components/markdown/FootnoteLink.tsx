import type { MouseEvent, ReactNode } from 'react';

interface Props {
  id: string | undefined;
  /** The element that it leads to. */
  target: string;
  label: string | undefined;
  children: ReactNode;
}

/** From a text to its footnote, and back. The address stays as it is: it names the chat. */
export function FootnoteLink({ id, target, label, children }: Props) {
  function follow(event: MouseEvent) {
    event.preventDefault();
    const element = document.getElementById(target);
    element?.scrollIntoView({ block: 'nearest' });
    const focused = element?.matches('a') ? element : element?.querySelector('a');
    focused?.focus({ preventScroll: true });
  }
  return (
    <a className="link" id={id} href={`#${target}`} aria-label={label} onClick={follow}>
      {children}
    </a>
  );
}
