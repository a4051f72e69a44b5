const WIDTHS = ['w-3/4', 'w-1/2', 'w-5/6', 'w-2/3', 'w-3/5', 'w-4/5'];

/** The shape of a list, while it is on its way. */
export function ListSkeleton() {
  return (
    <div className="flex flex-1 flex-col gap-5 px-5 pt-16" aria-hidden>
      {WIDTHS.map((width) => (
        <div key={width} className={`h-3.5 animate-shimmer rounded-control bg-sunken ${width}`} />
      ))}
    </div>
  );
}
