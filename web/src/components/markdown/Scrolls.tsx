import { useEffect, useRef, useState, type ReactNode, type RefObject } from 'react';

interface Props {
  /** The name of the region. */
  label: string;
  className?: string;
  dir?: 'ltr';
  as?: 'div' | 'pre';
  children: ReactNode;
}

/**
 * What may be wider than the column. It scrolls sideways; then it can be reached by keyboard, and
 * its edge fades where there is more.
 */
export function Scrolls({ label, className = '', dir, as: Box = 'div', children }: Props) {
  const box = useRef<HTMLDivElement & HTMLPreElement>(null);
  const { before, after } = useHidden(box);
  return (
    <Box
      ref={box}
      className={`scrolls scroll-quiet overflow-x-auto ${className}`}
      role="group"
      aria-label={label}
      tabIndex={before || after ? 0 : undefined}
      data-before={before || undefined}
      data-after={after || undefined}
      dir={dir}
    >
      {children}
    </Box>
  );
}

interface Hidden {
  /** There is more on the left … */
  before: boolean;
  /** … and on the right. */
  after: boolean;
}

const NOTHING: Hidden = { before: false, after: false };

function useHidden(box: RefObject<HTMLElement | null>): Hidden {
  const [hidden, setHidden] = useState(NOTHING);
  useEffect(() => {
    const element = box.current;
    if (!element) return undefined;
    const look = () => {
      const room = element.scrollWidth - element.clientWidth;
      // In a text from right to left it counts from 0 downwards.
      const left = getComputedStyle(element).direction === 'rtl' ? room + element.scrollLeft : element.scrollLeft;
      const before = room > 1 && left > 1;
      const after = room > 1 && left < room - 1;
      setHidden((last) => (last.before === before && last.after === after ? last : { before, after }));
    };
    const resized = new ResizeObserver(look);
    resized.observe(element);
    for (const child of element.children) resized.observe(child);
    element.addEventListener('scroll', look, { passive: true });
    return () => {
      resized.disconnect();
      element.removeEventListener('scroll', look);
    };
  }, [box]);
  return hidden;
}
