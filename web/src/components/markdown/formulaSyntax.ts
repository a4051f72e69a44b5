/**
 * Formulas as syntax of the Markdown parser (an extension of micromark): `$…$`, `$$…$$`, `\(…\)`,
 * `\[…\]`, in a line or on lines of their own. The parser knows what is code, an address or an
 * escape, so nothing in there is taken for a formula, and no text is changed before it is parsed.
 */
import type { Code, Construct, Effects, Extension, State, TokenizeContext } from 'micromark-util-types';
import { displayFormulaAt, isFormula, mayBecomeFormula, type Opener } from './formulas';

declare module 'micromark-util-types' {
  interface TokenTypeMap {
    formulaFlow: 'formulaFlow';
    formulaText: 'formulaText';
    formulaMark: 'formulaMark';
    formulaData: 'formulaData';
  }
}

const DOLLAR = 36;
const BACKSLASH = 92;
const ROUND = 40;
const SQUARE = 91;

/** Line ends are below -2, tabs and their virtual spaces -2 and -1, the end of the text null. */
const isLineEnd = (code: Code) => code !== null && code < -2;
const isBlank = (code: Code) => code === 32 || code === -2 || code === -1;
const isWord = (code: Code) => code !== null && code > 0 && /[\p{L}\p{N}_]/u.test(String.fromCodePoint(code));

export interface Options {
  /** The text that is parsed. */
  source: string;
  /** An empty display formula holds the place of one that is still being written. */
  open?: boolean;
  /** More may come: told where a formula begins that has no end at the end of the text. */
  onPending?(start: number): void;
}

export function formulaSyntax(options: Options): Extension {
  const inFlow = flowTokenizer(options);
  const inText = textTokenizer(options);
  const flow: Construct = {
    name: 'formulaFlow',
    concrete: true,
    tokenize(...states) {
      return inFlow(this, ...states);
    },
  };
  const text: Construct = {
    name: 'formulaText',
    tokenize(...states) {
      return inText(this, ...states);
    },
  };
  return {
    flow: { [DOLLAR]: flow, [BACKSLASH]: flow },
    text: { [DOLLAR]: text, [BACKSLASH]: text },
  };
}

/**
 * A display formula. Its end is looked up in the source first: once begun it cannot be undone,
 * because the parser then looks for no list or quote in its lines.
 */
function flowTokenizer({ source, open, onPending }: Options) {
  return (self: TokenizeContext, effects: Effects, ok: State, nok: State): State => {
    let closing: number | null = null;
    return start;

    function start(code: Code): State | undefined {
      const at = self.now().offset;
      const formula = displayFormulaAt(source, at, open);
      if (!formula || (formula.closing === null && !onPending)) return nok(code);
      if (formula.closing === null) onPending?.(at);
      ({ closing } = formula);
      effects.enter('formulaFlow');
      effects.enter('formulaMark');
      effects.consume(code);
      return opened;
    }

    function opened(code: Code): State | undefined {
      effects.consume(code);
      effects.exit('formulaMark');
      return self.interrupt ? ok : line;
    }

    function line(code: Code): State | undefined {
      if (code === null) return end(code);
      if (isLineEnd(code)) return effects.attempt(NEXT_LINE, line, end)(code);
      if (self.now().offset === closing) {
        effects.enter('formulaMark');
        effects.consume(code);
        return closed;
      }
      effects.enter('formulaData');
      return data(code);
    }

    function data(code: Code): State | undefined {
      if (code === null || isLineEnd(code) || self.now().offset === closing) {
        effects.exit('formulaData');
        return line(code);
      }
      effects.consume(code);
      return data;
    }

    function closed(code: Code): State | undefined {
      effects.consume(code);
      effects.exit('formulaMark');
      return behind;
    }

    function behind(code: Code): State | undefined {
      if (!isBlank(code)) return end(code);
      effects.enter('whitespace');
      return blanks(code);
    }

    function blanks(code: Code): State | undefined {
      if (isBlank(code)) {
        effects.consume(code);
        return blanks;
      }
      effects.exit('whitespace');
      return end(code);
    }

    function end(code: Code): State | undefined {
      effects.exit('formulaFlow');
      return ok(code);
    }
  };
}

/** The next line, unless the list item or quote around the formula has ended. */
const NEXT_LINE: Construct = {
  partial: true,
  tokenize(effects, ok, nok) {
    return (code) => {
      effects.enter('lineEnding');
      effects.consume(code);
      effects.exit('lineEnding');
      return (next) => (this.parser.lazy[this.now().line] ? nok(next) : ok(next));
    };
  },
};

/** A formula in a line. */
function textTokenizer({ source, onPending }: Options) {
  return (self: TokenizeContext, effects: Effects, ok: State, nok: State): State => {
    const before = self.previous;
    const begin = self.now().offset;
    const last = source.trimEnd().length;
    let opener: Opener = '$';
    let content = '';
    return start;

    function start(code: Code): State | undefined {
      effects.enter('formulaText');
      effects.enter('formulaMark');
      effects.consume(code);
      return code === DOLLAR ? second : bracket;
    }

    function second(code: Code): State | undefined {
      if (code === DOLLAR) {
        opener = '$$';
        effects.consume(code);
        return third;
      }
      // `US$5`, `$HOME:$PATH`
      if (isWord(before) || before === DOLLAR) return nok(code);
      return opened(code);
    }

    function third(code: Code): State | undefined {
      return code === DOLLAR || before === DOLLAR ? nok(code) : opened(code);
    }

    function bracket(code: Code): State | undefined {
      if (code === null && pends('\\(')) return pending(code);
      if (code !== ROUND && code !== SQUARE) return nok(code);
      opener = code === ROUND ? '\\(' : '\\[';
      effects.consume(code);
      return opened;
    }

    function opened(code: Code): State | undefined {
      effects.exit('formulaMark');
      return between(code);
    }

    function between(code: Code): State | undefined {
      if (code === null) return pends(opener) ? hold(code) : nok(code);
      if (isLineEnd(code)) {
        if (opener === '$') return nok(code);
        content += '\n';
        effects.enter('lineEnding');
        effects.consume(code);
        effects.exit('lineEnding');
        return between;
      }
      if (code === DOLLAR && opener[0] === '$') {
        effects.enter('formulaMark');
        effects.consume(code);
        return opener === '$' ? afterDollar : secondDollar;
      }
      if (code === BACKSLASH && opener[0] === '\\') {
        return effects.check(opener === '\\(' ? ROUND_END : SQUARE_END, closing, data)(code);
      }
      return data(code);
    }

    function data(code: Code): State | undefined {
      effects.enter('formulaData');
      return inData(code);
    }

    function inData(code: Code): State | undefined {
      content += code !== null && code > 0 ? String.fromCodePoint(code) : ' ';
      effects.consume(code);
      if (code === BACKSLASH) return escaped;
      return nextData;
    }

    function escaped(code: Code): State | undefined {
      // Another opener: each is looked from only as far as to the next.
      if (opener[0] === '\\' && (code === ROUND || code === SQUARE)) return nok(code);
      // `\$` and `\\` end nothing.
      if (code === DOLLAR || code === BACKSLASH) return inDataOnce(code);
      return nextData(code);
    }

    function inDataOnce(code: Code): State | undefined {
      content += String.fromCodePoint(code!);
      effects.consume(code);
      return nextData;
    }

    function nextData(code: Code): State | undefined {
      const ends =
        code === null ||
        isLineEnd(code) ||
        (code === DOLLAR && opener[0] === '$') ||
        (code === BACKSLASH && opener[0] === '\\');
      if (!ends) return inData(code);
      effects.exit('formulaData');
      return between(code);
    }

    function afterDollar(code: Code): State | undefined {
      effects.exit('formulaMark');
      return code === DOLLAR || isWord(code) ? nok(code) : finish(code);
    }

    function secondDollar(code: Code): State | undefined {
      if (code !== DOLLAR) {
        if (code !== null || !pends(opener)) return nok(code);
        effects.exit('formulaMark');
        return hold(code);
      }
      effects.consume(code);
      return (next) => {
        effects.exit('formulaMark');
        return finish(next);
      };
    }

    function closing(code: Code): State | undefined {
      effects.enter('formulaMark');
      effects.consume(code);
      return (bracketCode) => {
        effects.consume(bracketCode);
        effects.exit('formulaMark');
        return finish;
      };
    }

    function finish(code: Code): State | undefined {
      if (!isFormula(opener, content)) return nok(code);
      effects.exit('formulaText');
      return ok(code);
    }

    /** At the end of a text that goes on. */
    function pends(as: Opener): boolean {
      return Boolean(onPending) && self.now().offset >= last && mayBecomeFormula(as, content);
    }

    function pending(code: Code): State | undefined {
      effects.exit('formulaMark');
      return hold(code);
    }

    function hold(code: Code): State | undefined {
      onPending?.(begin);
      effects.exit('formulaText');
      return ok(code);
    }
  };
}

const endOf = (bracket: number): Construct => ({
  partial: true,
  tokenize(effects, ok, nok) {
    return (code) => {
      effects.enter('formulaMark');
      effects.consume(code);
      return (next) => {
        if (next !== bracket) return nok(next);
        effects.consume(next);
        effects.exit('formulaMark');
        return ok;
      };
    };
  },
});
const ROUND_END = endOf(41);
const SQUARE_END = endOf(93);
