/** What may be drawn of a diagram's source: its configuration is ours, whatever the text says. */

const FRONTMATTER = /^\s*---[ \t]*\n[\s\S]*?\n[ \t]*---[ \t]*(?:\n|$)/;
const DIRECTIVE = /%%\{[\s\S]*?\}%%/g;

/** The source without frontmatter and directives (`%%{init: …}%%`), complete or not. */
export function withoutConfiguration(source: string): string {
  let rest = source.replace(/\r\n?/g, '\n');
  for (let before = ''; before !== rest; ) {
    before = rest;
    rest = rest.replace(FRONTMATTER, '').replace(DIRECTIVE, '');
  }
  // Half a directive is a comment.
  return rest.replace(/%%(?=\s*\{)/g, '%% ~');
}
