/**
 * The frame in which diagrams are drawn: it writes markup and styles, which the page's own policy
 * forbids. It runs sandboxed, without an origin, and can neither see the page nor reach any server.
 */
import mermaid from 'mermaid';
import { withoutConfiguration } from './source';
import type { Draw, Look, FrameMessage } from './talk';

/** A longer source makes no readable diagram, and would block the browser. */
const LONGEST = 20_000;

const place = document.createElement('div');
document.body.append(place);

function tell(message: FrameMessage): void {
  // The frame has no origin and knows none; it only sends a size.
  window.parent.postMessage(message, '*');
}

function configure({ dark, ink, muted, surface, soft, line, primary, font }: Look): void {
  mermaid.initialize({
    startOnLoad: false,
    // No links, no scripts, and labels are cleaned.
    securityLevel: 'strict',
    // Labels are letters, not markup.
    htmlLabels: false,
    suppressErrorRendering: true,
    maxTextSize: LONGEST,
    fontFamily: font,
    theme: 'base',
    themeCSS: '.node rect, .actor, .note, .cluster rect, .edgeLabel rect { rx: 6px; ry: 6px }',
    look: 'classic',
    themeVariables: {
      darkMode: dark,
      fontFamily: font,
      fontSize: '15px',
      background: surface,
      primaryColor: soft,
      primaryTextColor: ink,
      primaryBorderColor: primary,
      secondaryColor: surface,
      tertiaryColor: surface,
      lineColor: muted,
      textColor: ink,
      mainBkg: soft,
      clusterBkg: surface,
      clusterBorder: line,
      edgeLabelBackground: surface,
      noteBkgColor: surface,
      noteTextColor: ink,
      noteBorderColor: line,
    },
  });
  document.documentElement.style.colorScheme = dark ? 'dark' : 'light';
}

let count = 0;

async function draw({ source, look }: Draw): Promise<void> {
  try {
    configure(look);
    // A name of its own each time: the renderer removes the picture that has the same.
    const { svg } = await mermaid.render(`diagram-${(count += 1)}`, withoutConfiguration(source));
    place.innerHTML = svg;
    const image = place.querySelector('svg');
    const { width, height } = image?.viewBox.baseVal ?? { width: 0, height: 0 };
    if (!image || !(width > 0) || !(height > 0)) throw new Error('Nothing was drawn.');
    tell({ type: 'drawn', width, height });
  } catch {
    place.replaceChildren();
    tell({ type: 'failed' });
  }
}

/** One after the other: the renderer has one state. */
let drawing = Promise.resolve();

window.addEventListener('message', ({ source, data }: MessageEvent<Draw>) => {
  if (source !== window.parent || data?.type !== 'draw') return;
  drawing = drawing.then(() => draw(data));
});

tell({ type: 'ready' });
