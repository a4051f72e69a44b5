import {
  createContext,
  Fragment,
  isValidElement,
  lazy,
  memo,
  Suspense,
  use,
  useEffect,
  useReducer,
  useRef,
  useState,
  type ComponentProps,
  type ReactNode,
} from 'react';
import { WrapText } from 'lucide-react';
import { formatCount } from '../../format';
import { hasControl, signOf, splitAtControls } from '../ui/controls';
import { withoutHeaps } from '../ui/heaps';
import { CopyButton } from '../ui/CopyButton';
import { SmallButton } from '../ui/SmallButton';
import { strings } from '../../strings';
import { Formula, FormulaToCome } from './Formula';
import { MATH_LANGUAGE } from './formulaNodes';
import type { Fence } from './fence';
import { openHighlighter, type LineHighlighter, type Piece } from './highlight';
import { Scrolls } from './Scrolls';

/** True while the reply is being written: a picture is drawn once, when it is complete. */
export const Unfinished = createContext(false);

/** True inside the block that is still being written: its last line is not final. */
export const OpenBlock = createContext(false);

/** A `pre` of the tree: its one child is the `code` with the language in its class name. */
export function CodeBlock({ children }: ComponentProps<'pre'>) {
  return <Code {...read(children)} />;
}

export function Code({ code, language }: Fence) {
  const open = use(OpenBlock);
  const streaming = use(Unfinished);
  if (language === MATH_LANGUAGE) return open || code === '' ? <FormulaToCome /> : <Formula tex={code} block />;
  const listing = <Listing code={code} language={language} open={open} streaming={streaming} />;
  if (language !== 'mermaid' || streaming || code === '') return listing;
  return (
    <Suspense fallback={listing}>
      <Diagram source={code}>{listing}</Diagram>
    </Suspense>
  );
}

const Diagram = lazy(() =>
  import('./Diagram').then(
    (module) => ({ default: module.Diagram }),
    // Without the network its source can be read.
    () => ({ default: ({ children }: { source: string; children: ReactNode }) => children }),
  ),
);

/** Longer listings are folded, to so many lines. */
const FOLDED_LINES = 30;

interface ListingProps extends Fence {
  open: boolean;
  streaming: boolean;
}

function Listing({ code, language, open, streaming }: ListingProps) {
  const shown = withControlsNamed(withoutHeaps(code));
  const lines = useHighlighted(shown, language, !open);
  const [wraps, setWraps] = useState(false);
  // What was read as it was written stays as it is.
  const [unfolded, setUnfolded] = useState(streaming);
  const count = code.split('\n').length;
  const long = count > FOLDED_LINES;
  const folded = long && !unfolded;
  const isDiff = language === 'diff' || language === 'patch';
  const label = language ? strings.markdown.codeIn(language) : strings.markdown.code;
  return (
    <div className="listing bleeds rounded-control border border-line bg-surface">
      <div className="sticky top-0 z-1 flex h-10 items-center rounded-t-control border-b border-line bg-sunken ps-3.5 pe-1 print:static">
        <span className="me-auto truncate font-mono text-xs text-ink-muted">
          {language || strings.markdown.code.toLowerCase()}
        </span>
        <SmallButton
          icon={WrapText}
          label={strings.markdown.wrap}
          aria-pressed={wraps}
          className="aria-pressed:text-primary"
          onClick={() => setWraps(!wraps)}
        />
        <CopyButton text={code} label={strings.copy.code} words={strings.copy.short} />
      </div>
      <Scrolls
        as="pre"
        label={label}
        dir="ltr"
        className={`px-3.5 py-3 font-mono text-[0.84375rem] leading-[1.6] ${wraps ? 'break-words whitespace-pre-wrap' : '[overflow-wrap:normal]'} ${folded ? 'folded' : ''}`}
      >
        <code className={isDiff ? 'diff' : undefined}>
          {lines
            ? lines.map((line, index) => <Line key={lineKey(index)} pieces={line} tint={isDiff ? tintOf(line) : undefined} />)
            : shown}
        </code>
      </Scrolls>
      {long && (
        <div className="flex h-10 items-center justify-between border-t border-line ps-1 pe-1 print:hidden">
          <button
            type="button"
            data-keeps-place
            aria-expanded={!folded}
            className="min-h-9 rounded-control px-2.5 text-xs font-medium text-ink-muted hover:text-ink pointer-coarse:min-h-11"
            onClick={() => setUnfolded(folded)}
          >
            {folded ? strings.markdown.showLines(formatCount(count)) : strings.markdown.showLess}
          </button>
          {!folded && <CopyButton text={code} label={strings.copy.codeAgain} words={strings.copy.short} />}
        </div>
      )}
    </div>
  );
}

/** Lines are only ever appended, so that the number is the identity. */
function lineKey(index: number): string {
  return `line-${index}`;
}

/** What a line of a diff does. */
function tintOf(line: readonly Piece[]): string | undefined {
  const text = line.map((piece) => piece.text).join('');
  // These name the files.
  if (/^(?:\+\+\+|---) /.test(text)) return undefined;
  return text.startsWith('+') ? 'added' : text.startsWith('-') ? 'removed' : undefined;
}

/** Code is drawn in lines and columns: a name takes the place of a character that draws nothing. */
function withControlsNamed(code: string): string {
  if (!hasControl(code)) return code;
  return splitAtControls(code).map((part, index) => (index % 2 === 0 ? part : signOf(part))).join('');
}

interface LineProps {
  pieces: readonly Piece[];
  tint: string | undefined;
}

const Line = memo(function CodeLine({ pieces, tint }: LineProps) {
  const Whole = tint ? 'span' : Fragment;
  return (
    <Whole {...(tint ? { className: tint } : {})}>
      {pieces.map((piece, index) => (
        <span key={piece.offset} style={piece.color ? { color: piece.color } : undefined}>
          {/* The line's end goes with its last piece: alone, it would move as the line grows. */}
          {index === pieces.length - 1 ? `${piece.text}\n` : piece.text}
        </span>
      ))}
      {pieces.length === 0 && '\n'}
    </Whole>
  );
});

function read(children: ReactNode): Fence {
  if (!isValidElement<{ className?: string; children?: ReactNode }>(children)) return { code: '', language: '' };
  const { className = '', children: text } = children.props;
  const language = /language-(\S+)/.exec(className)?.[1]?.toLowerCase() ?? '';
  return { code: String(text ?? '').replace(/\n$/, ''), language };
}

/** Colored lines, or null while (or because) there is no grammar: then the code is plain. */
function useHighlighted(code: string, language: string, complete: boolean): readonly Piece[][] | null {
  const [highlighter, setHighlighter] = useState<LineHighlighter | null>(null);
  const loaded = useRef('');
  useEffect(() => {
    if (language === '' || loaded.current === language) return;
    loaded.current = language;
    let current = true;
    openHighlighter(language).then(
      (opened) => current && setHighlighter(opened),
      // Without the network the code stays readable, only without colors.
      () => undefined,
    );
    return () => {
      current = false;
      loaded.current = '';
    };
  }, [language]);
  const lines = highlighter ? highlighter.lines(code, complete) : null;
  const behind = highlighter?.behind ?? false;
  const [, lookAgain] = useReducer((looks: number) => looks + 1, 0);
  useEffect(() => {
    if (!behind) return undefined;
    const timer = setInterval(lookAgain);
    return () => clearInterval(timer);
  }, [behind]);
  return lines;
}
