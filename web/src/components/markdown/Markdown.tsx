import { memo, useState } from 'react';
import ReactMarkdown, { type Components, type Options } from 'react-markdown';
import remarkBreaks from 'remark-breaks';
import remarkCjkFriendly from 'remark-cjk-friendly/parseOnly';
import remarkGfm from 'remark-gfm';
import { strings } from '../../strings';
import { splitBlocks, withDefinitions, type Split } from './blocks';
import { Code, CodeBlock, OpenBlock, Unfinished } from './CodeBlock';
import { readFence } from './fence';
import { Formula } from './Formula';
import { remarkAddresses } from './remarkAddresses';
import { DISPLAY_CLASS, INLINE_CLASS, remarkFormulas } from './remarkFormulas';
import { SafeLink } from './SafeLink';
import { mend } from './mend';
import { RemoteImage } from './RemoteImage';
import { TaskMark } from './TaskMark';

// Models mean their line breaks (a poem, an address), though CommonMark ignores single ones.
// A single tilde is a range ("5~10 minutes"), not a strikethrough.
const PLUGINS: Options['remarkPlugins'] = [
  [remarkGfm, { singleTilde: false }],
  remarkCjkFriendly,
  remarkBreaks,
  remarkAddresses,
];
/** The lexer counts in these, and the split counts in what the lexer saw. */
const LINE_END = /\r\n?/g;

const COMPONENTS: Components = {
  a: ({ href, children }) => <SafeLink href={href}>{children}</SafeLink>,
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
  const { blocks, definitions } = useSplit(text.replace(LINE_END, '\n'));
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
  const fence = readFence(block, open);
  const source = fence ? '' : withDefinitions(open ? mend(block) : block, definitions);
  return (
    <OpenBlock value={open}>
      {fence ? (
        <Code {...fence} />
      ) : (
        <ReactMarkdown
          remarkPlugins={[...PLUGINS!, [remarkFormulas, { source, open }]]}
          components={COMPONENTS}
        >
          {source}
        </ReactMarkdown>
      )}
    </OpenBlock>
  );
});
