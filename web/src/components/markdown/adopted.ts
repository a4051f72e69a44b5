/**
 * What models write beside Markdown: a little HTML, and GitHub's call-outs. A few tags become
 * elements of our own, without any attribute; all other HTML stays text. None is ever rendered.
 */
import type { Blockquote, Nodes, Paragraph, PhrasingContent, Root, RootContent } from 'mdast';
import { strings } from '../../strings';

/** An element of ours in the tree. */
interface Tag {
  type: 'tag';
  data: { hName: string; hProperties?: object };
  children: RootContent[];
}

declare module 'mdast' {
  interface PhrasingContentMap {
    tag: Tag;
  }
  interface RootContentMap {
    tag: Tag;
  }
}

type Parse = (text: string) => Root;

const PHRASING = /^<(\/?)(br|sub|sup|kbd|mark|u)(?:\s[^<>]*)?\/?>$/i;
const FOLD = /<(\/?)(details|summary)(?:\s[^<>]*)?>/i;
const FOLDS = new RegExp(FOLD, 'gi');
/** Folds inside each other; deeper ones are text. */
const DEPTH = 12;

/** @param open it is still being written: a tag without an end is closed by what is to come */
export function adopt(root: Root, parse: Parse, open: boolean): void {
  visit(root, parse, open);
}

function visit(node: Nodes, parse: Parse, open: boolean): void {
  if (!('children' in node)) return;
  if (node.type === 'blockquote') callOut(node);
  for (const child of node.children) visit(child, parse, open);
  if (!node.children.some(({ type }) => type === 'html')) return;
  const holdsText = !['root', 'blockquote', 'listItem', 'footnoteDefinition', 'tag'].includes(node.type);
  const children = node.children as RootContent[];
  (node as { children: RootContent[] }).children = holdsText ? inLine(children, open) : inFlow(children, parse, open);
}

interface Frame {
  name: string;
  /** As it was written, for the case that it has no end. */
  source: string;
  children: RootContent[];
}

/** `H<sub>2</sub>O`, `<br>`, `<kbd>Esc</kbd>`. */
function inLine(children: readonly RootContent[], open: boolean): RootContent[] {
  const frames: Frame[] = [{ name: '', source: '', children: [] }];
  for (const child of children) {
    const [, closing, tag = ''] = (child.type === 'html' && PHRASING.exec(child.value)) || [];
    const name = tag.toLowerCase();
    const top = frames.at(-1)!;
    if (name === 'br') top.children.push({ type: 'break' });
    else if (name === '') top.children.push(child.type === 'html' ? { type: 'text', value: child.value } : child);
    else if (!closing) frames.push({ name, source: (child as { value: string }).value, children: [] });
    else if (frames.some((frame) => frame.name === name)) {
      while (frames.at(-1)!.name !== name) dissolve(frames);
      enclose(frames);
    } else top.children.push({ type: 'text', value: (child as { value: string }).value });
  }
  while (frames.length > 1) (open ? enclose : dissolve)(frames);
  return frames[0]!.children;
}

function enclose(frames: Frame[]): void {
  const { name, children } = frames.pop()!;
  frames.at(-1)!.children.push({ type: 'tag', data: { hName: name }, children });
}

function dissolve(frames: Frame[]): void {
  const { source, children } = frames.pop()!;
  frames.at(-1)!.children.push({ type: 'text', value: source }, ...children);
}

/** `<details>` with its `<summary>`, over as many blocks as there are between its tags. */
function inFlow(children: readonly RootContent[], parse: Parse, open: boolean): RootContent[] {
  const frames: Frame[] = [{ name: '', source: '', children: [] }];
  const put = (...nodes: RootContent[]) => frames.at(-1)!.children.push(...nodes);
  for (const child of children) {
    if (child.type !== 'html') put(child);
    else if (!FOLD.test(child.value)) put(...textOf(child.value));
    else {
      let position = 0;
      for (const { 0: source, 1: closing, 2: tag = '', index } of child.value.matchAll(FOLDS)) {
        put(...parsed(child.value.slice(position, index), parse, open));
        position = index + source.length;
        const name = tag.toLowerCase();
        if (!closing && frames.length <= DEPTH) frames.push({ name, source, children: [] });
        else if (closing && frames.at(-1)!.name === name) enclose(frames);
        else put(...textOf(source));
      }
      put(...parsed(child.value.slice(position), parse, open));
    }
  }
  while (frames.length > 1) enclose(frames);
  return frames[0]!.children.map(tidy);
}

/** A summary is one line. */
function tidy(node: RootContent): RootContent {
  if (node.type !== 'tag') return node;
  const children = node.children.map(tidy);
  if (node.data.hName !== 'summary') return { ...node, children };
  return { ...node, children: children.flatMap((child) => (child.type === 'paragraph' ? (child.children as RootContent[]) : [child])) };
}

function parsed(text: string, parse: Parse, open: boolean): RootContent[] {
  if (text.trim() === '') return [];
  const root = parse(text.trim());
  visit(root, parse, open);
  return root.children;
}

/** HTML that we do not know, as text; a `<br>` on a line of its own is only a gap. */
function textOf(value: string): RootContent[] {
  if (/^(?:\s*<br\s*\/?>\s*)+$/i.test(value)) return [];
  return [{ type: 'paragraph', children: [{ type: 'text', value }] }];
}

const CALL_OUT = /^\[!(note|tip|important|warning|caution)\][ \t]*(?:\n|$)/i;

/** `> [!NOTE]`: a quote with a kind and a title. */
function callOut(quote: Blockquote): void {
  const [first] = quote.children;
  const [text] = first?.type === 'paragraph' ? first.children : [];
  const [mark, kind = ''] = (text?.type === 'text' && CALL_OUT.exec(text.value)) || [];
  if (mark === undefined || text?.type !== 'text') return;
  text.value = text.value.slice(mark.length);
  if (text.value === '') (first as Paragraph).children.shift();
  if ((first as Paragraph).children.length === 0) quote.children.shift();
  const name = kind.toLowerCase() as keyof typeof strings.markdown.callOuts;
  const words: PhrasingContent = { type: 'text', value: strings.markdown.callOuts[name] };
  quote.children.unshift({
    type: 'paragraph',
    data: { hProperties: { className: ['callout-title'] } },
    children: [words],
  });
  quote.data = { hName: 'div', hProperties: { className: ['callout', `callout-${name}`] } };
}
