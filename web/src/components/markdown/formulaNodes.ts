/** Formulas in the tree of the Markdown parser: as code with a class name of our own, which the page draws with KaTeX. */
import type { Extension } from 'mdast-util-from-markdown';
import type { Token } from 'micromark-util-types';

/** The language of a display formula, also where a model writes it as a fence. */
export const MATH_LANGUAGE = 'math';
export const INLINE_CLASS = 'formula-inline';
export const DISPLAY_CLASS = 'formula-display';

interface Formula {
  type: 'formula';
  value: string;
  data: object;
}

declare module 'mdast' {
  interface PhrasingContentMap {
    formula: Formula;
  }
  interface RootContentMap {
    formula: Formula;
  }
}

export const formulaNodes: Extension = {
  canContainEols: ['formula'],
  enter: { formulaFlow: begin, formulaText: begin },
  exit: {
    formulaFlow: finishFlow,
    formulaText: finishText,
    formulaData(token) {
      this.config.enter.data!.call(this, token);
      this.config.exit.data!.call(this, token);
    },
  },
};

type Compile = ThisParameterType<NonNullable<NonNullable<Extension['enter']>['data']>>;

function begin(this: Compile, token: Token): undefined {
  this.enter({ type: 'formula', value: '', data: {} }, token);
  this.buffer();
}

function finish(this: Compile, token: Token): Formula {
  const written = this.resume();
  const node = this.stack.at(-1) as unknown as Formula;
  this.exit(token);
  // A cell of a table keeps its bars escaped.
  node.value = (this.data.inTable ? written.replaceAll('\\|', '|') : written).trim();
  return node;
}

function finishFlow(this: Compile, token: Token): undefined {
  const node = finish.call(this, token);
  const code = element('code', `language-${MATH_LANGUAGE}`, node.value);
  node.data = { hName: 'pre', hChildren: [code] };
}

function finishText(this: Compile, token: Token): undefined {
  const source = this.sliceSerialize(token);
  const node = finish.call(this, token);
  const isDisplay = source.startsWith('\\[') || node.value.includes('\n');
  const { tagName, properties, children } = element('code', isDisplay ? DISPLAY_CLASS : INLINE_CLASS, node.value);
  node.data = { hName: tagName, hProperties: properties, hChildren: children };
}

function element(tagName: string, className: string, value: string) {
  return {
    type: 'element',
    tagName,
    properties: { className: [className] },
    children: [{ type: 'text', value }],
  };
}
