import { ZoomIn, ZoomOut } from 'lucide-react';
import { useEffect, useRef, useState, useSyncExternalStore, type ReactNode, type RefObject } from 'react';
import type { Draw, Look, FrameMessage } from '../../diagram/talk';
import { strings } from '../../strings';
import { SmallButton } from '../ui/SmallButton';
import { Scrolls } from './Scrolls';

interface Props {
  source: string;
  /** The source: shown until the picture is drawn, and when it cannot be drawn. */
  children: ReactNode;
}

/** A picture is given up after this long, in milliseconds: then its source is better than nothing. */
const PATIENCE_MS = 20_000;
const PADDING_PX = 16;

/**
 * A diagram, drawn in a frame that has a policy of its own and no origin: whatever the source
 * says, it cannot touch the page. It is loaded when it comes near what can be seen.
 */
export function Diagram({ source, children }: Props): ReactNode {
  const place = useRef<HTMLDivElement>(null);
  const frame = useRef<HTMLIFrameElement>(null);
  const near = useNear(place);
  const dark = useDark();
  const state = useDrawing(frame, near, source, dark);
  const [enlarged, setEnlarged] = useState(false);
  if (state === 'late') return children;
  if (state === 'failed') {
    return (
      <div>
        <p className="mb-1.5 text-sm text-ink-muted">{strings.markdown.diagramFailed}</p>
        {children}
      </div>
    );
  }
  const scale = enlarged && state ? state.natural : 1;
  return (
    <div ref={place}>
      {state === null && children}
      {near && (
        <div className={state === null ? 'sr-only' : 'bleeds relative rounded-control border border-line bg-surface'}>
          <Scrolls label={strings.markdown.diagram} className="p-4">
            <iframe
              ref={frame}
              title={strings.markdown.diagram}
              src="/diagram"
              sandbox="allow-scripts"
              tabIndex={-1}
              className="mx-auto block border-0"
              width={(state?.width ?? 600) * scale}
              height={(state?.height ?? 400) * scale}
            />
          </Scrolls>
          {state !== null && (
            <SmallButton
              icon={enlarged ? ZoomOut : ZoomIn}
              label={enlarged ? strings.markdown.diagramFit : strings.markdown.diagramEnlarge}
              className="absolute end-1.5 top-1.5 border-line bg-surface print:hidden"
              onClick={() => setEnlarged(!enlarged)}
            />
          )}
        </div>
      )}
      {state !== null && (
        <details className="diagram-source mt-1 text-sm">
          <summary className="inline-flex min-h-9 items-center rounded-control px-1 text-xs text-ink-muted underline underline-offset-2 hover:text-ink pointer-coarse:min-h-11">
            {strings.markdown.diagramSource}
          </summary>
          {children}
        </details>
      )}
    </div>
  );
}

/** True from when it comes near the window on. */
function useNear(place: RefObject<HTMLElement | null>): boolean {
  const [near, setNear] = useState(false);
  useEffect(() => {
    if (near || !place.current) return;
    const seen = new IntersectionObserver(([entry]) => entry?.isIntersecting && setNear(true), {
      rootMargin: '600px',
    });
    seen.observe(place.current);
    return () => seen.disconnect();
  }, [near, place]);
  return near;
}

/** Its size in pixels once it is drawn, and how much larger it is enlarged; null until then. */
type State = { width: number; height: number; natural: number } | 'failed' | 'late' | null;

function useDrawing(
  frame: RefObject<HTMLIFrameElement | null>,
  near: boolean,
  source: string,
  dark: boolean,
): State {
  const [state, setState] = useState<State>(null);
  useEffect(() => {
    const element = frame.current;
    if (!near || !element) return;
    const draw = () => {
      const message: Draw = { type: 'draw', source, look: lookOf(element, dark) };
      // The frame has no origin to name, and holds only our own script.
      element.contentWindow?.postMessage(message, '*');
    };
    const giveUp = setTimeout(() => setState('late'), PATIENCE_MS);
    const onMessage = ({ source: from, data }: MessageEvent<FrameMessage>) => {
      if (from !== element.contentWindow) return;
      if (data.type === 'ready') return draw();
      clearTimeout(giveUp);
      setState(data.type === 'drawn' ? fitted(data, element) : 'failed');
    };
    window.addEventListener('message', onMessage);
    // The frame may have been ready before; if it is not, the message is lost without harm.
    draw();
    return () => {
      clearTimeout(giveUp);
      window.removeEventListener('message', onMessage);
    };
  }, [frame, near, source, dark]);
  return state;
}

/** A large picture is made smaller to fit, as long as its letters can be read. */
function fitted({ width, height }: { width: number; height: number }, element: HTMLElement): State {
  const room = (element.closest('.prose')?.clientWidth ?? width) - 2 * PADDING_PX - 2;
  const share = Math.min(1, Math.max(0.85, room / width));
  return { width: Math.ceil(width * share), height: Math.ceil(height * share), natural: Math.max(1.5, 1 / share) };
}

const COLORS = {
  ink: 'ink',
  muted: 'ink-muted',
  surface: 'surface',
  soft: 'primary-soft',
  line: 'line-strong',
  primary: 'primary',
} as const;

/** Our colors as plain numbers: the renderer computes with them and knows no newer notation. */
function lookOf(element: HTMLElement, dark: boolean): Look {
  const brush = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const probe = document.createElement('span');
  element.before(probe);
  const named = Object.entries(COLORS).map(([name, token]) => {
    probe.style.color = `var(--color-${token})`;
    return [name, hex(brush, getComputedStyle(probe).color)];
  });
  const { fontFamily: font } = getComputedStyle(probe);
  probe.remove();
  return { dark, font, ...(Object.fromEntries(named) as Omit<Look, 'dark' | 'font'>) };
}

function hex(brush: CanvasRenderingContext2D | null, color: string): string {
  if (!brush) return '#808080';
  brush.fillStyle = color;
  brush.fillRect(0, 0, 1, 1);
  const [red = 0, green = 0, blue = 0] = brush.getImageData(0, 0, 1, 1).data;
  return `#${[red, green, blue].map((part) => part.toString(16).padStart(2, '0')).join('')}`;
}

/** Is the page dark, by the system or by choice? */
function useDark(): boolean {
  return useSyncExternalStore(onThemeChange, isDark);
}

function isDark(): boolean {
  const { theme } = document.documentElement.dataset;
  return theme === 'dark' || (theme !== 'light' && window.matchMedia('(prefers-color-scheme: dark)').matches);
}

function onThemeChange(changed: () => void): () => void {
  const system = window.matchMedia('(prefers-color-scheme: dark)');
  system.addEventListener('change', changed);
  const chosen = new MutationObserver(changed);
  chosen.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] });
  return () => {
    system.removeEventListener('change', changed);
    chosen.disconnect();
  };
}
