import type {
  AggregateExpr,
  Aggregation,
  BinaryExpr,
  BinaryOperator,
  Call,
  Expr,
  ParenExpr,
  StringLiteral,
} from './ast.ts';
import { DurationParser, parseNumberLiteral } from './duration-parser.ts';
import { functionSignature } from './function-signatures.ts';
import { unquote } from './literal.ts';
import { parseLabelList, parseOperatorModifiers } from './matching-parser.ts';
import { SelectorModifiers } from './modifier-parser.ts';
import { parseVectorSelector } from './selector-parser.ts';
import { AGGREGATIONS, EXPRESSION_STARTS, METRIC_NAMES, TIME_WORDS, type TokenKind } from './token.ts';
import type { TokenStream } from './token-stream.ts';

/** What is accepted beyond the stable language. The defaults are those of a Prometheus 3.14 without flags. */
export interface ParserOptions {
  /** Functions and aggregations marked experimental; default off. */
  readonly experimentalFunctions?: boolean;
  /** Arithmetic on durations, as `[5m * 2]`; default on. */
  readonly durationExpressions?: boolean;
  /** `anchored` and `smoothed`; default off. */
  readonly extendedRangeSelectors?: boolean;
  /** `fill`, `fill_left` and `fill_right`; default off. */
  readonly fillModifiers?: boolean;
}

/** Binary operators and how tightly they bind. `^` binds to the right. */
const PRECEDENCE: ReadonlyMap<TokenKind, number> = new Map<TokenKind, number>([
  ['or', 1],
  ['and', 2],
  ['unless', 2],
  ['==', 3],
  ['!=', 3],
  ['<=', 3],
  ['<', 3],
  ['>=', 3],
  ['>', 3],
  ['</', 3],
  ['>/', 3],
  ['+', 4],
  ['-', 4],
  ['*', 5],
  ['/', 5],
  ['%', 5],
  ['atan2', 5],
  ['^', 6],
]);
const POWER = 6;

const WITH_PARAMETER: ReadonlySet<TokenKind> = new Set<Aggregation>([
  'topk',
  'bottomk',
  'count_values',
  'quantile',
  'limitk',
  'limit_ratio',
]);

/** Precedence climbing over the tokens; every rule of Prometheus' grammar that makes an expression. */
export class ExpressionParser {
  readonly #tokens: TokenStream;
  readonly #options: ParserOptions;
  readonly #modifiers: SelectorModifiers;

  constructor(tokens: TokenStream, options: ParserOptions) {
    this.#tokens = tokens;
    this.#options = options;
    const durations = new DurationParser(tokens, options.durationExpressions ?? true);
    this.#modifiers = new SelectorModifiers(tokens, durations, options.extendedRangeSelectors ?? false);
  }

  parse(minPrecedence = 0): Expr {
    return this.#tokens.nested(() => {
      let lhs = this.#modifiers.parse(this.#prefix());
      for (;;) {
        const precedence = PRECEDENCE.get(this.#tokens.peek().kind);
        if (precedence === undefined || precedence < minPrecedence) return lhs;
        lhs = this.#binary(lhs, precedence);
      }
    });
  }

  #binary(lhs: Expr, precedence: number): BinaryExpr {
    const operator = this.#tokens.next().kind as BinaryOperator;
    const { returnBool, matching } = parseOperatorModifiers(this.#tokens);
    const rhs = this.parse(precedence === POWER ? POWER : precedence + 1);
    const position = { start: lhs.position.start, end: rhs.position.end };
    const fills = matching.fillLeft !== undefined || matching.fillRight !== undefined;
    if (fills && !this.#options.fillModifiers) {
      this.#tokens.problem(position, 'binop fill modifiers are experimental and not enabled');
    }
    return { kind: 'binary', operator, lhs, rhs, matching, returnBool, position };
  }

  #prefix(): Expr {
    const tokens = this.#tokens;
    const { kind } = tokens.peek();
    switch (kind) {
      case 'number':
      case 'duration':
        return parseNumberLiteral(tokens);
      case 'string':
        return this.#string();
      case '(':
        return this.#parenthesized();
      case '+':
      case '-':
        return this.#signed(kind);
      case '{':
        return parseVectorSelector(tokens);
    }
    if (!METRIC_NAMES.has(kind)) return tokens.fail();
    // A word is an aggregation or a function by what follows it, else the name of a metric.
    const name = tokens.next();
    if (AGGREGATIONS.has(kind) && (tokens.is('(') || tokens.is('by') || tokens.is('without'))) {
      return this.#aggregation(kind as Aggregation, name.start);
    }
    if ((kind === 'identifier' || TIME_WORDS.has(kind)) && tokens.is('(')) {
      return this.#call(name.text, name.start, name.end);
    }
    return parseVectorSelector(tokens, name);
  }

  #string(): StringLiteral {
    const { text, start, end } = this.#tokens.next();
    return { kind: 'string', value: unquote(text), position: { start, end } };
  }

  #parenthesized(): ParenExpr {
    const { start } = this.#tokens.next();
    const expr = this.parse();
    const { end } = this.#tokens.expect(')');
    return { kind: 'paren', expr, position: { start, end } };
  }

  /** A sign binds like `*`: looser than `^`. On a literal it becomes part of it. */
  #signed(operator: '+' | '-'): Expr {
    const { start } = this.#tokens.next();
    const expr = this.parse(POWER);
    const position = { start, end: expr.position.end };
    if (expr.kind !== 'number') return { kind: 'unary', operator, expr, position };
    return { ...expr, value: operator === '-' ? -expr.value : expr.value, position };
  }

  #aggregation(operator: Aggregation, start: number): AggregateExpr {
    const tokens = this.#tokens;
    let grouping: readonly string[] = [];
    let without = false;
    let grouped = false;
    const parseGrouping = () => {
      const keyword = tokens.accept('by') ?? tokens.accept('without');
      if (!keyword) return;
      grouped = true;
      without = keyword.kind === 'without';
      grouping = parseLabelList(tokens);
    };
    let args: Expr[] = [];
    let end = 0;
    tokens.within('aggregation', '', () => {
      parseGrouping();
      args = this.#arguments();
      end = tokens.lastClosing;
    });
    if (!grouped) {
      parseGrouping();
      if (grouped) end = tokens.lastClosing;
    }
    const position = { start, end };
    const param = this.#aggregationParameter(operator, args, position);
    const expr = args.at(-1) ?? { kind: 'number', value: 0, duration: false, position };
    return { kind: 'aggregate', operator, expr, param, grouping, without, position };
  }

  #aggregationParameter(
    operator: Aggregation,
    args: readonly Expr[],
    position: AggregateExpr['position'],
  ): Expr | undefined {
    const wanted = WITH_PARAMETER.has(operator) ? 2 : 1;
    if (args.length === 0) {
      this.#tokens.problem(position, 'no arguments for aggregate expression provided');
    } else if (isExperimental(operator) && !this.#options.experimentalFunctions) {
      this.#tokens.problem(
        position,
        `${operator}() is experimental and must be enabled with --enable-feature=promql-experimental-functions`,
      );
    } else if (args.length !== wanted) {
      this.#tokens.problem(
        position,
        `wrong number of arguments for aggregate expression provided, expected ${wanted}, got ${args.length}`,
      );
    }
    return wanted === 2 ? args[0] : undefined;
  }

  #call(func: string, start: number, nameEnd: number): Call {
    const args = this.#arguments();
    const signature = functionSignature(func);
    if (!signature) {
      this.#tokens.problem({ start, end: nameEnd }, `unknown function with name ${JSON.stringify(func)}`);
    } else if (signature.experimental && !this.#options.experimentalFunctions) {
      this.#tokens.problem({ start, end: nameEnd }, `function ${JSON.stringify(func)} is not enabled`);
    }
    return { kind: 'call', func, args, position: { start, end: this.#tokens.lastClosing } };
  }

  /** `(a, b, …)`. A comma before the `)` is told from a missing argument. */
  #arguments(): Expr[] {
    const tokens = this.#tokens;
    const args: Expr[] = [];
    tokens.expect('(');
    if (tokens.accept(')')) return args;
    args.push(this.parse());
    for (let comma = tokens.accept(','); comma; comma = tokens.accept(',')) {
      if (EXPRESSION_STARTS.has(tokens.peek().kind)) args.push(this.parse());
      else tokens.problem(comma, 'trailing commas not allowed in function call args');
    }
    tokens.expect(')');
    return args;
  }
}

function isExperimental(operator: Aggregation): boolean {
  return operator === 'limitk' || operator === 'limit_ratio';
}
