/** What the page and the frame that draws tell each other. The frame has no origin of its own. */

/** Colors and letters of the page, so that a diagram looks as if it belonged to it. */
export interface Look {
  dark: boolean;
  ink: string;
  muted: string;
  surface: string;
  soft: string;
  line: string;
  primary: string;
  font: string;
}

export interface Draw {
  type: 'draw';
  source: string;
  look: Look;
}

/** Sizes are in pixels. */
export type FrameMessage =
  | { type: 'ready' }
  | { type: 'drawn'; width: number; height: number }
  | { type: 'failed' };
