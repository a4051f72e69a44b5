/** Markdown → elements. The parser's tables are built once: a reply has hundreds of blocks. */
import type { Element, ElementContent, Root, Text } from 'hast';
import { toJsxRuntime, type Components } from 'hast-util-to-jsx-runtime';
import { fromMarkdown } from 'mdast-util-from-markdown';
import { gfmFromMarkdown } from 'mdast-util-gfm';
import { newlineToBreak } from 'mdast-util-newline-to-break';
import { toHast } from 'mdast-util-to-hast';
import { gfm } from 'micromark-extension-gfm';
import { cjkFriendlyExtension } from 'micromark-extension-cjk-friendly';
import type { ReactNode } from 'react';
import { Fragment, jsx, jsxs } from 'react/jsx-runtime';
import { strings } from '../../strings';
import { CONTROL_STYLE, hasControl, nameOf, signOf, splitAtControls } from '../ui/controls';
import { endAddresses } from './addresses';
import { adopt } from './adopted';
import { formulaNodes } from './formulaNodes';
import { formulaSyntax } from './formulaSyntax';

// A single tilde is a range ("5~10 minutes"), not a strikethrough.
const SYNTAX = [gfm({ singleTilde: false }), cjkFriendlyExtension()];
const NODES = [gfmFromMarkdown(), formulaNodes];

interface Options {
  components: Partial<Components>;
  /** Still being written. */
  open: boolean;
  /** Before the ids of footnotes, so that two messages have no id in common. */
  prefix: string;
}

/** The elements of a piece of Markdown. HTML in it is text, but for what `adopted` takes over. */
export function toElements(source: string, { components, open, prefix }: Options): ReactNode {
  const parse = (text: string) =>
    fromMarkdown(text, { extensions: [...SYNTAX, formulaSyntax({ source: text, open })], mdastExtensions: NODES });
  const tree = parse(source);
  endAddresses(tree, source);
  adopt(tree, parse, open);
  // Models mean their line breaks (a poem, an address), though CommonMark ignores single ones.
  newlineToBreak(tree);
  const root = toHast(tree, { clobberPrefix: prefix, footnoteLabel: strings.markdown.footnotes }) as Root;
  for (const child of root.children) if (child.type === 'element') arrange(child, prefix);
  return toJsxRuntime(root, { Fragment, jsx, jsxs, components, ignoreInvalidStyle: true });
}

/** Each has the direction of its own first word: an English paragraph in an Arabic reply. */
const DIRECTED = new Set(['p', 'th', 'td', 'summary']);
/** The browser does not look for the first word of these, where what is in them is directed. */
const AROUND = new Set(['ul', 'ol', 'blockquote', 'div']);
const RIGHT_TO_LEFT = /[\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}]/u;

/** The page and the message have headings above those of a reply. */
const FIRST_LEVEL = 3;

/** @param around the direction of what is around it */
function arrange(element: Element, prefix: string, around: 'ltr' | 'rtl' = 'ltr'): void {
  const { properties } = element;
  const level = Number(/^h([1-6])$/.exec(element.tagName)?.[1] ?? 0);
  if (level > 0) {
    const isLabel = properties.id === 'footnote-label';
    // Replies begin with # or with ##, and no level may be left out after the message's own.
    element.tagName = `h${Math.min(6, Math.max(FIRST_LEVEL, level + 1))}`;
    properties.dir = 'auto';
    if (isLabel) properties.id = prefix + 'label';
    else properties.className = [`heading-${level}`];
  }
  if (DIRECTED.has(element.tagName)) properties.dir = 'auto';
  let direction = around;
  if (AROUND.has(element.tagName)) {
    direction = RIGHT_TO_LEFT.test(firstLetter(element)) ? 'rtl' : 'ltr';
    if (direction !== around) properties.dir = direction;
  }
  if (properties.ariaDescribedBy) properties.ariaDescribedBy = [prefix + 'label'];
  if (element.children.some((child) => child.type === 'text' && hasControl(child.value))) {
    element.children = element.children.flatMap((child) => (child.type === 'text' ? controlsNamed(child) : [child]));
  }
  for (const child of element.children as ElementContent[]) {
    if (child.type === 'element') arrange(child, prefix, direction);
  }
}

/** The text, in which control characters are shown by their names. */
function controlsNamed({ value }: Text): ElementContent[] {
  return splitAtControls(value).map((part, index) => {
    if (index % 2 === 0) return { type: 'text', value: part };
    const properties = { className: CONTROL_STYLE.split(' '), title: nameOf(part) };
    return { type: 'element', tagName: 'span', properties, children: [{ type: 'text', value: signOf(part) }] };
  });
}

function firstLetter(node: ElementContent): string {
  if (node.type === 'text') return /\p{L}/u.exec(node.value)?.[0] ?? '';
  if (node.type !== 'element') return '';
  for (const child of node.children) {
    const letter = firstLetter(child);
    if (letter !== '') return letter;
  }
  return '';
}
