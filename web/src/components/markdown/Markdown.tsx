import { memo, useState } from 'react';
import ReactMarkdown, { type Components } from 'react-markdown';
import remarkBreaks from 'remark-breaks';
import remarkGfm from 'remark-gfm';
import { strings } from '../../strings';
import { splitBlocks, withDefinitions, type Split } from './blocks';
import { CodeBlock, OpenBlock, Unfinished } from './CodeBlock';
import { Formula } from './Formula';
import { markMath, MATH_MARK } from './mathSpans';
import { SafeLink } from './SafeLink';
import { mend } from './mend';
import { RemoteImage } from './RemoteImage';
import { TaskMark } from './TaskMark';

// Models mean their line breaks (a poem, an address), though CommonMark ignores single ones.
const PLUGINS = [remarkGfm, remarkBreaks];
/** The lexer counts in these, and the split counts in what the lexer saw. */
const LINE_END = /\r\n?/g;

const COMPONENTS: Components = {
  a: ({ href, children }) => <SafeLink href={href}>{children}</SafeLink>,
  img: ({ src, alt }) => <RemoteImage src={src} alt={alt} />,
  pre: CodeBlock,
  code: ({ children, className }) =>
    typeof children === 'string' && children.startsWith(MATH_MARK) ? (
      <Formula tex={children.slice(MATH_MARK.length)} />
    ) : (
      <code className={className}>{children}</code>
    ),
  input: ({ checked }) => <TaskMark done={checked === true} />,
  // An empty corner is no heading of anything.
  th: ({ children, style }) => {
    const Cell = children ? 'th' : 'td';
    return <Cell style={style}>{children}</Cell>;
  },
  table: ({ children }) => (
    <div
      className="scroll-quiet overflow-x-auto rounded-control border border-line"
      role="group"
      aria-label={strings.markdown.table}
      // A region that scrolls must be reachable by keyboard.
      tabIndex={0}
    >
      <table className="min-w-full">{children}</table>
    </div>
  ),
};

/**
 * A reply as formatted text. Raw HTML in it is shown as text, never rendered.
 * While `streaming`, only the last block is parsed again for each new piece.
 */
export function Markdown({ text, streaming }: { text: string; streaming: boolean }) {
  const { blocks, definitions } = useSplit(markMath(text.replace(LINE_END, '\n'), streaming));
  return (
    <Unfinished value={streaming}>
      <div className="prose" dir="auto">
        {blocks.map((block, index) => (
          <Block
            // A block's place is its identity: earlier ones never move.
            // oxlint-disable-next-line react/no-array-index-key
            key={index}
            block={block}
            definitions={block.includes('[') ? definitions : ''}
            open={streaming && index === blocks.length - 1}
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

interface BlockProps {
  block: string;
  definitions: string;
  /** Still being written. */
  open: boolean;
}

const Block = memo(function MarkdownBlock({ block, definitions, open }: BlockProps) {
  return (
    <OpenBlock value={open}>
      <ReactMarkdown remarkPlugins={PLUGINS} components={COMPONENTS}>
        {withDefinitions(open ? mend(block) : block, definitions)}
      </ReactMarkdown>
    </OpenBlock>
  );
});
