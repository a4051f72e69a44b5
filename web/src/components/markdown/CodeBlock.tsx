import {
  createContext,
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
import { CopyButton } from '../ui/CopyButton';
import { strings } from '../../strings';
import { Formula } from './Formula';
import { MATH_LANGUAGE } from './remarkFormulas';
import type { Fence } from './fence';
import { openHighlighter, type LineHighlighter, type Piece } from './highlight';

/** True while the reply is being written: a picture is drawn once, when it is complete. */
export const Unfinished = createContext(false);

/** True inside the block that is still being written: its last line is not final. */
export const OpenBlock = createContext(false);

/** react-markdown's `pre`: its one child is the `code` with the language in its class name. */
export function CodeBlock({ children }: ComponentProps<'pre'>) {
  return <Code {...read(children)} />;
}

export function Code({ code, language }: Fence) {
  const open = use(OpenBlock);
  const streaming = use(Unfinished);
  if (language === MATH_LANGUAGE) return open || code === '' ? <FormulaToCome /> : <Formula tex={code} block />;
  const listing = <Listing code={code} language={language} open={open} />;
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

/** Holds the place of a block formula that is still being written. */
function FormulaToCome() {
  return <div className="h-12 animate-shimmer rounded-control bg-sunken" />;
}

function Listing({ code, language, open }: { code: string; language: string; open: boolean }) {
  const lines = useHighlighted(code, language, !open);
  const label = language ? strings.markdown.codeIn(language) : strings.markdown.code;
  return (
    <div className="overflow-hidden rounded-control border border-line bg-surface">
      <div className="flex h-10 items-center justify-between border-b border-line bg-sunken ps-3.5 pe-1">
        <span className="font-mono text-xs text-ink-muted">{language || strings.markdown.code.toLowerCase()}</span>
        <CopyButton text={code} label={strings.copy.code} />
      </div>
      <pre
        className="scroll-quiet overflow-x-auto px-3.5 py-3 font-mono text-[0.84375rem] leading-[1.6] [overflow-wrap:normal]"
        role="group"
        aria-label={label}
        // A region that scrolls must be reachable by keyboard.
        tabIndex={0}
        dir="ltr"
      >
        <code>{lines ? lines.map((line, index) => <Line key={lineKey(index)} pieces={line} />) : code}</code>
      </pre>
    </div>
  );
}

/** Lines are only ever appended, so that the number is the identity. */
function lineKey(index: number): string {
  return `line-${index}`;
}

const Line = memo(function CodeLine({ pieces }: { pieces: readonly Piece[] }) {
  return (
    <>
      {pieces.map((piece, index) => (
        <span key={piece.offset} style={piece.color ? { color: piece.color } : undefined}>
          {/* The line's end goes with its last piece: alone, it would move as the line grows. */}
          {index === pieces.length - 1 ? `${piece.text}\n` : piece.text}
        </span>
      ))}
      {pieces.length === 0 && '\n'}
    </>
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
