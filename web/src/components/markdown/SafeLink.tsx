import type { ReactNode } from 'react';

const ALLOWED = new Set(['http:', 'https:', 'mailto:']);

/** The address when it may be followed from a reply, else null: models write any scheme. */
export function safeAddress(href: string | undefined): URL | null {
  if (!href) return null;
  try {
    const url = new URL(href);
    return ALLOWED.has(url.protocol) ? url : null;
  } catch {
    return null; // relative: there is nothing here that it could mean
  }
}

/** A link out of a reply: a new tab that knows nothing of this one; other schemes stay text. */
export function SafeLink({ href, children }: { href: string | undefined; children: ReactNode }) {
  const url = safeAddress(href);
  if (!url) return <span>{children}</span>;
  return (
    <a className="link" href={url.href} target="_blank" rel="noopener noreferrer">
      {children}
    </a>
  );
}
