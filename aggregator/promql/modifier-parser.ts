import type {
  DurationExpr,
  Expr,
  MatrixSelector,
  NumberLiteral,
  PositionRange,
  SubqueryExpr,
  VectorSelector,
} from './ast.ts';
import { type DurationParser, parseNumberLiteral } from './duration-parser.ts';
import { formatFixed } from './go-number.ts';
import type { TokenStream } from './token-stream.ts';

/** What can carry `offset`, `@`, `anchored` and `smoothed`. */
type Modifiable = VectorSelector | MatrixSelector | SubqueryExpr;

const MAX_INT64 = 2 ** 63;

/** What stands behind a selector or subquery: `[5m]`, `[5m:1m]`, `offset 5m`, `@ 123`, `anchored`, `smoothed`. */
export class SelectorModifiers {
  readonly #tokens: TokenStream;
  readonly #durations: DurationParser;
  readonly #extended: boolean;

  constructor(tokens: TokenStream, durations: DurationParser, extended: boolean) {
    this.#tokens = tokens;
    this.#durations = durations;
    this.#extended = extended;
  }

  /** The expression with all modifiers that follow it. They bind tighter than any operator. */
  parse(first: Expr): Expr {
    let expr = first;
    for (;;) {
      switch (this.#tokens.peek().kind) {
        case '[':
          expr = this.#range(expr);
          break;
        case 'offset':
          expr = this.#offset(expr);
          break;
        case '@':
          expr = this.#at(expr);
          break;
        case 'anchored':
        case 'smoothed':
          expr = this.#extend(expr, this.#tokens.next().kind as 'anchored' | 'smoothed');
          break;
        default:
          return expr;
      }
    }
  }

  #range(expr: Expr): MatrixSelector | SubqueryExpr {
    const tokens = this.#tokens;
    const open = tokens.next();
    const wanted = 'number, duration, step(), or range()';
    const range = tokens.within('subquery or range selector', wanted, () => this.#durations.positive());
    if (!tokens.is(':')) {
      const close = tokens.expect(']', { context: 'subquery or range', expected: '":" or "]"' });
      return this.#matrix(expr, range, { start: open.start, end: close.end });
    }
    tokens.next();
    let step: DurationExpr | undefined;
    if (!tokens.is(']')) {
      const wantedStep = 'number, duration, step(), range(), or "]"';
      step = tokens.within('subquery selector', wantedStep, () => this.#durations.positive());
    }
    const { end } = tokens.expect(']', { context: 'subquery selector', expected: '"]"' });
    return {
      kind: 'subquery',
      expr,
      rangeMs: milliseconds(range),
      rangeExpr: arithmetic(range),
      stepMs: step ? milliseconds(step) : 0,
      stepExpr: step && arithmetic(step),
      offsetMs: 0,
      offsetExpr: undefined,
      atMs: undefined,
      atBound: undefined,
      position: { start: expr.position.start, end },
    };
  }

  #matrix(expr: Expr, range: DurationExpr, brackets: PositionRange): MatrixSelector {
    let vector: VectorSelector;
    if (expr.kind !== 'vectorSelector') {
      this.#tokens.problem(brackets, 'ranges only allowed for vector selectors');
      vector = standIn(expr.position);
    } else {
      vector = expr;
      if (hasOffset(vector)) {
        this.#tokens.problem(brackets, 'no offset modifiers allowed before range');
      } else if (hasAt(vector)) {
        this.#tokens.problem(brackets, 'no @ modifiers allowed before range');
      }
    }
    return {
      kind: 'matrixSelector',
      vector,
      rangeMs: milliseconds(range),
      rangeExpr: arithmetic(range),
      position: { start: expr.position.start, end: this.#tokens.lastClosing },
    };
  }

  #offset(expr: Expr): Expr {
    const tokens = this.#tokens;
    tokens.next();
    const offset = tokens.within('offset', 'number, duration, step(), or range()', () =>
      this.#durations.offset(),
    );
    if (!isModifiable(expr)) {
      tokens.problem(
        expr.position,
        'offset modifier must be preceded by an instant vector selector or range vector selector or a subquery',
      );
      return expr;
    }
    if (hasOffset(timed(expr))) tokens.problem(expr.position, 'offset may not be set multiple times');
    return this.#with(expr, { offsetMs: milliseconds(offset), offsetExpr: arithmetic(offset) });
  }

  #at(expr: Expr): Expr {
    const tokens = this.#tokens;
    tokens.next();
    return tokens.within('@', 'timestamp', () => {
      const bound = tokens.accept('start') ?? tokens.accept('end');
      if (!bound) return this.#atTime(expr, this.#signedNumber());
      tokens.expect('(');
      tokens.expect(')');
      if (!this.#mayHaveAt(expr)) return expr;
      return this.#with(expr, { atBound: bound.kind as 'start' | 'end' });
    });
  }

  #signedNumber(): number {
    const sign = this.#tokens.accept('-') ?? this.#tokens.accept('+');
    if (!this.#tokens.is('number') && !this.#tokens.is('duration')) this.#tokens.fail();
    const { value } = parseNumberLiteral(this.#tokens);
    return sign?.kind === '-' ? -value : value;
  }

  #atTime(expr: Expr, seconds: number): Expr {
    // Not finite, or beyond what a 64-bit timestamp holds.
    if (!(seconds < MAX_INT64 && seconds > -MAX_INT64)) {
      this.#tokens.problem(expr.position, `timestamp out of bounds for @ modifier: ${formatFixed(seconds)}`);
    }
    if (!this.#mayHaveAt(expr)) return expr;
    return this.#with(expr, { atMs: roundHalfAway(seconds * 1000) });
  }

  #mayHaveAt(expr: Expr): expr is Modifiable {
    if (!isModifiable(expr)) {
      this.#tokens.problem(
        expr.position,
        '@ modifier must be preceded by an instant vector selector or range vector selector or a subquery',
      );
      return false;
    }
    if (!hasAt(timed(expr))) return true;
    this.#tokens.problem(expr.position, '@ <timestamp> may not be set multiple times');
    return false;
  }

  /** Sets modifiers; the node then ends where the last token that can close a selector ended. */
  #with(expr: Modifiable, changes: Partial<TimeModifiers>): Modifiable {
    const position = { start: expr.position.start, end: this.#tokens.lastClosing };
    if (expr.kind === 'matrixSelector') return { ...expr, vector: { ...expr.vector, ...changes }, position };
    return { ...expr, ...changes, position };
  }

  #extend(expr: Expr, modifier: 'anchored' | 'smoothed'): Expr {
    const refuse = (text: string) => {
      this.#tokens.problem(expr.position, text);
      return expr;
    };
    if (!this.#extended) return refuse(`${modifier} modifier is experimental and not enabled`);
    if (expr.kind === 'subquery') return refuse(`${modifier} modifier is not supported for subqueries`);
    if (expr.kind !== 'vectorSelector' && expr.kind !== 'matrixSelector') {
      return refuse(`${modifier} modifier not implemented`);
    }
    const selector = expr.kind === 'vectorSelector' ? expr : expr.vector;
    if (modifier === 'anchored' ? selector.smoothed : selector.anchored) {
      return refuse('anchored and smoothed modifiers cannot be used together');
    }
    const extended = { ...selector, [modifier]: true };
    return expr.kind === 'vectorSelector' ? extended : { ...expr, vector: extended };
  }
}

type TimeModifiers = Pick<VectorSelector, 'offsetMs' | 'offsetExpr' | 'atMs' | 'atBound'>;

function isModifiable(expr: Expr): expr is Modifiable {
  return expr.kind === 'vectorSelector' || expr.kind === 'matrixSelector' || expr.kind === 'subquery';
}

/** The node that holds the times of a selector. */
function timed(expr: Modifiable): TimeModifiers {
  return expr.kind === 'matrixSelector' ? expr.vector : expr;
}

/** `offset 0s` counts as none. */
function hasOffset({ offsetMs, offsetExpr }: TimeModifiers): boolean {
  return offsetMs !== 0 || offsetExpr !== undefined;
}

function hasAt({ atMs, atBound }: TimeModifiers): boolean {
  return atMs !== undefined || atBound !== undefined;
}

/** Of a plain duration, to the nanosecond; 0 where it is arithmetic. */
function milliseconds(duration: DurationExpr): number {
  return duration.kind === 'number' ? roundHalfAway(duration.value * 1e9) / 1e6 : 0;
}

function arithmetic(duration: DurationExpr): Exclude<DurationExpr, NumberLiteral> | undefined {
  return duration.kind === 'number' ? undefined : duration;
}

/** Go's math.Round. */
function roundHalfAway(value: number): number {
  return value < 0 ? -Math.round(-value) || 0 : Math.round(value);
}

/** Stands where a range was put behind something that cannot have one; the query is refused anyway. */
function standIn(position: PositionRange): VectorSelector {
  return {
    kind: 'vectorSelector',
    name: '',
    matchers: [],
    offsetMs: 0,
    offsetExpr: undefined,
    atMs: undefined,
    atBound: undefined,
    anchored: false,
    smoothed: false,
    position,
  };
}
