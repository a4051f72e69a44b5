interface Props {
  /** How much of it is drawn, from 0 to 1. */
  share: number;
  /** Of the line, where the ring is 24 wide. */
  width: number;
  className: string;
  color?: string | undefined;
}

/** A ring that closes. */
export function Ring({ share, width, className, color = 'stroke-primary' }: Props) {
  const line = { cx: 12, cy: 12, r: 12 - width, fill: 'none', strokeWidth: width };
  return (
    <svg viewBox="0 0 24 24" className={`shrink-0 -rotate-90 ${className}`} aria-hidden>
      <circle {...line} className="stroke-line" />
      <circle
        {...line}
        strokeLinecap="round"
        pathLength={100}
        strokeDasharray={`${Math.max(3, share * 100)} 100`}
        className={color}
      />
    </svg>
  );
}
