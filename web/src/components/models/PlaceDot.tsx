/** Lime: the model runs on the server's machine. Amber: prompts leave it. */
export function PlaceDot({ remote }: { remote: boolean | null }) {
  if (remote === null) return null;
  const color = remote ? 'bg-warning forced-colors:bg-[CanvasText]' : 'bg-accent ring-1 ring-ink/25 forced-colors:bg-[Highlight]';
  return <span aria-hidden className={`size-2 shrink-0 rounded-full ${color}`} />;
}
