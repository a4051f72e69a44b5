import { ExternalLink, ImageOff } from 'lucide-react';
import { strings } from '../../strings';
import { safeAddress } from './SafeLink';

/**
 * Stands where a reply names an image. Loading it would tell its host that and when this was read
 * (and whatever a model put into the address), so it opens in a tab of its own, on request only.
 */
export function RemoteImage({ src, alt }: { src: string | Blob | undefined; alt: string | undefined }) {
  const url = typeof src === 'string' ? safeAddress(src) : null;
  if (!url || url.protocol === 'mailto:') return <span>{alt}</span>;
  return (
    <a
      className="my-2 flex min-h-11 w-fit max-w-full items-center gap-3 rounded-control border border-line bg-sunken px-3.5 py-2 text-sm hover:border-line-strong"
      href={url.href}
      target="_blank"
      rel="noopener noreferrer"
    >
      <ImageOff className="size-5 shrink-0 text-ink-muted" aria-hidden />
      <span className="min-w-0">
        <span className="block font-medium">{alt || strings.markdown.image(url.host)}</span>
        <span className="block text-xs text-ink-muted">
          {url.host} · {strings.markdown.loadImage}
        </span>
      </span>
      <ExternalLink className="size-4 shrink-0 text-ink-muted" aria-hidden />
    </a>
  );
}
