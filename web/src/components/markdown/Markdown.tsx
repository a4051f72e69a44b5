import { memo, useEffect, useId, useState, type ReactNode } from 'react';
import type { Components } from 'hast-util-to-jsx-runtime';
import { strings } from '../../strings';
import { Literal } from '../ui/Literal';
import { splitBlocks, withDefinitions, type Split } from './blocks';
import { Code, CodeBlock, OpenBlock, Unfinished } from './CodeBlock';
import { toElements } from './elements';
import { readFence } from './fence';
import { FootnoteLink } from './FootnoteLink';
import { Formula } from './Formula';
import { DISPLAY_CLASS, INLINE_CLASS } from './formulaNodes';
import { KeepSelection } from './KeepSelection';
import { isTooComplex, sliceEnd } from './limits';
import { mend } from './mend';
import { RemoteImage } from './RemoteImage';
import { SafeLink } from './SafeLink';
import { Scrolls } from './Scrolls';
import { TaskMark } from './TaskMark';
import '../../styles/prose-more.css';

/** The lexer counts in these, and the split counts in what the lexer saw. */
const LINE_END = /\r\n?/g;

const COMPONENTS: Partial<Components> = {
  a: ({ href, id, children, 'aria-label': label }) =>
    href?.startsWith('#') ? (
      <FootnoteLink id={id} target={href.slice(1)} label={label}>
        {children}
      </FootnoteLink>
    ) : (
      <SafeLink href={href}>{children}</SafeLink>
    ),
  img: ({ src, alt }) => <RemoteImage src={src} alt={alt} />,
  pre: CodeBlock,
  code: ({ children, className }) =>
    className === INLINE_CLASS || className === DISPLAY_CLASS ? (
      <Formula tex={String(children)} display={className === DISPLAY_CLASS} />
    ) : (
      <code className={className}>{children}</code>
    ),
  input: ({ checked }) => <TaskMark done={checked === true} />,
  // An empty corner is no heading of anything.
  th: ({ children, style }) => {
    const Cell = children ? 'th' : 'td';
    return (
      <Cell style={style} dir="auto">
        {children}
      </Cell>
    );
  },
  table: ({ children }) => (
    <Scrolls label={strings.markdown.table} className="bleeds rounded-control border border-line">
      <table className="min-w-full">{children}</table>
    </Scrolls>
  ),
};

/**
 * A reply as formatted text. Raw HTML in it is shown as text, never rendered.
 * While `streaming`, only the last block is parsed again for each new piece.
 */
export function Markdown({ text, streaming }: { text: string; streaming: boolean }) {
  const { blocks, definitions } = useSplit(text.replace(LINE_END, '\n'));
  const prefix = `${useId()}-`;
  const end = useSlices(blocks);
  return (
    <Unfinished value={streaming}>
      {streaming && <KeepSelection text={text} />}
      {/* Not a class: with one that comes or goes, Chromium lays out the whole reply again. */}
      <div className="prose" data-said data-grows={streaming || undefined} dir="auto" aria-busy={end < blocks.length || undefined}>
        {blocks.slice(0, end).map((block, index) => (
          <Block
            // A block's place is its identity: earlier ones never move.
            // oxlint-disable-next-line react/no-array-index-key
            key={index}
            block={block}
            definitions={block.includes('[') ? definitions : ''}
            open={streaming && index === blocks.length - 1}
            prefix={prefix}
          />
        ))}
      </div>
    </Unfinished>
  );
}

/** Keeps the last split, so that the next one only has to look at the tail. */
function useSplit(text: string): Split {
  const [split, setSplit] = useState(() => splitBlocks(text));
  if (split.text === text) return split;
  const next = splitBlocks(text, split);
  setSplit(next);
  return next;
}

/** How many of the blocks are laid out: a long text comes in slices, between which others have their turn. */
function useSlices(blocks: readonly string[]): number {
  const [end, setEnd] = useState(() => sliceEnd(blocks, 0, FIRST_SLICE));
  // What a reply grows by is laid out at once.
  const shown = end >= blocks.length - 1 ? sliceEnd(blocks, Math.min(end, blocks.length)) : end;
  if (shown !== end) setEnd(shown);
  useEffect(() => {
    if (shown >= blocks.length) return undefined;
    const timer = setTimeout(() => setEnd(sliceEnd(blocks, shown)));
    return () => clearTimeout(timer);
  }, [blocks, shown]);
  return shown;
}

/** Nearly every reply is one slice. */
const FIRST_SLICE = 24_000;

interface BlockProps {
  block: string;
  definitions: string;
  /** Still being written. */
  open: boolean;
  prefix: string;
}

const Block = memo(function MarkdownBlock({ block, definitions, open, prefix }: BlockProps) {
  const fence = readFence(block, open);
  return <OpenBlock value={open}>{fence ? <Code {...fence} /> : formatted(block, definitions, open, prefix)}</OpenBlock>;
});

function formatted(block: string, definitions: string, open: boolean, prefix: string): ReactNode {
  if (isTooComplex(block)) return <PlainBlock text={block} />;
  const source = withDefinitions(open ? mend(block) : block, definitions);
  return toElements(source, { components: COMPONENTS, open, prefix });
}

/** A block that would take too long to lay out, as it was written. */
function PlainBlock({ text }: { text: string }) {
  return (
    <div>
      <p className="mb-1 text-xs text-ink-muted">{strings.markdown.tooComplex}</p>
      <p className="whitespace-pre-wrap" dir="auto">
        <Literal text={text} />
      </p>
    </div>
  );
}
