/** Ends a bare address before full-width punctuation: `https://a.example，然后` links to the host alone. */
import type { Link, Nodes, Root, Text } from 'mdast';

/** Chinese and Japanese punctuation, which no address holds unescaped. */
const FULL_WIDTH = /[\u3000-\u301f\u3030\uff01-\uff0f\uff1a-\uff1f\uff3b-\uff3d\uff5b-\uff65\u2018\u2019\u201c\u201d\u2026]/;

/** `source` is the text that the tree was made of. */
export function endAddresses(tree: Root, source: string): void {
  visit(tree, source);
}

function visit(node: Nodes, source: string): void {
  if (!('children' in node)) return;
  for (let index = 0; index < node.children.length; index += 1) {
    const child = node.children[index]!;
    const rest = child.type === 'link' ? cut(child, source) : '';
    if (rest !== '') (node.children as Nodes[]).splice(index + 1, 0, { type: 'text', value: rest });
    visit(child, source);
  }
}

/** Shortens a bare address. Returns the text that goes behind it. */
function cut(link: Link, source: string): string {
  const [text] = link.children as [Text | undefined];
  const first = source[link.position?.start.offset ?? -1];
  if (text?.type !== 'text' || link.children.length > 1 || first === '[' || first === '<') return '';
  const at = text.value.search(FULL_WIDTH);
  if (at <= 0) return '';
  const rest = text.value.slice(at);
  text.value = text.value.slice(0, at);
  link.url = link.url.slice(0, -rest.length);
  return rest;
}
