import type { DurationExpr, NumberLiteral, PositionRange } from './ast.ts';
import { parseDurationSeconds, parseNumber } from './literal.ts';
import type { Token, TokenKind } from './token.ts';
import { MAX_NESTING, type TokenStream } from './token-stream.ts';

type Operation = Exclude<DurationExpr, NumberLiteral>;
type Operator = Operation['operator'];

/** Operators between durations and how tightly they bind. `^` binds to the right. */
const PRECEDENCE: ReadonlyMap<TokenKind, number> = new Map<TokenKind, number>([
  ['+', 1],
  ['-', 1],
  ['*', 2],
  ['/', 2],
  ['%', 2],
  ['^', 3],
]);
const POWER = 3;

/** Go's time.Duration: 64 bits of nanoseconds. */
const MAX_SECONDS = 2 ** 63 / 1e9;

/** A number or a duration such as `5m`; its value is seconds. */
export function parseNumberLiteral(tokens: TokenStream): NumberLiteral {
  const token = tokens.next();
  const literal = token.kind === 'duration' ? parseDurationSeconds(token.text) : parseNumber(token.text);
  if (literal.problem !== undefined) tokens.problem(token, literal.problem);
  return {
    kind: 'number',
    value: literal.problem === undefined ? literal.value : 0,
    duration: token.kind === 'duration',
    position: { start: token.start, end: token.end },
  };
}

/** Durations as they stand in brackets and behind `offset`; all but plain ones can be switched off. */
export class DurationParser {
  readonly #tokens: TokenStream;
  readonly #arithmetic: boolean;

  constructor(tokens: TokenStream, arithmetic: boolean) {
    this.#tokens = tokens;
    this.#arithmetic = arithmetic;
  }

  /** A range or a step. */
  positive(): DurationExpr {
    const expr = this.#expression(0);
    if (expr.kind === 'number' && expr.value <= 0) {
      this.#tokens.problem(expr.position, 'duration must be greater than 0');
    }
    return expr;
  }

  /**
   * What follows `offset`: arithmetic only in parentheses, because `foo offset 5m ^ 2` is the square of
   * `foo offset 5m`.
   */
  offset(): DurationExpr {
    const tokens = this.#tokens;
    const sign = tokens.accept('+') ?? tokens.accept('-');
    switch (tokens.peek().kind) {
      case 'number':
      case 'duration':
        return sign ? this.#signed(sign, parseNumberLiteral(tokens)) : this.#literal();
      case 'step':
      case 'range':
      case 'max_of':
      case 'min_of': {
        const call = this.#call();
        return sign ? operation(sign.kind as Operator, undefined, call, from(sign, call)) : call;
      }
      case '(':
        if (!sign) return this.#expression(0);
        return this.#signed(sign, this.#parenthesized(false));
      default:
        if (!sign) return tokens.fail();
        return this.#operators(this.#signed(sign, this.#expression(POWER)), 0);
    }
  }

  #expression(minPrecedence: number): DurationExpr {
    return this.#tokens.nested(() => this.#operators(this.#operand(), minPrecedence));
  }

  #operators(first: DurationExpr, minPrecedence: number): DurationExpr {
    let lhs = first;
    // Operators in a row nest too, to the left.
    for (let depth = 0; ; depth++) {
      if (depth > MAX_NESTING) this.#tokens.tooDeep();
      const precedence = PRECEDENCE.get(this.#tokens.peek().kind);
      if (precedence === undefined || precedence < minPrecedence) return lhs;
      const operator = this.#tokens.next();
      const rhs = this.#expression(precedence === POWER ? POWER : precedence + 1);
      lhs = this.#binary(lhs, operator, rhs);
    }
  }

  #binary(lhs: DurationExpr, operator: Token, rhs: DurationExpr): DurationExpr {
    this.#requireArithmetic(lhs.position);
    if (rhs.kind === 'number' && rhs.value === 0 && (operator.kind === '/' || operator.kind === '%')) {
      this.#tokens.problem(operator, `${operator.kind === '/' ? 'division' : 'modulo'} by zero`);
      return zero(operator);
    }
    return operation(operator.kind as Operator, lhs, rhs, {
      start: lhs.position.start,
      end: rhs.position.end,
    });
  }

  #operand(): DurationExpr {
    const tokens = this.#tokens;
    switch (tokens.peek().kind) {
      case 'number':
      case 'duration':
        return this.#literal();
      case '+':
      case '-':
        return this.#signed(tokens.next(), this.#expression(POWER));
      case 'step':
      case 'range':
      case 'max_of':
      case 'min_of':
        return this.#call();
      case '(':
        return this.#parenthesized(true);
      default:
        return tokens.fail();
    }
  }

  #literal(): NumberLiteral {
    const literal = parseNumberLiteral(this.#tokens);
    return this.#inRange(literal, literal.position);
  }

  /** `step()`, `range()`, `min_of(a, b)` or `max_of(a, b)`. */
  #call(): Operation {
    const tokens = this.#tokens;
    const name = tokens.next();
    tokens.expect('(');
    let lhs: DurationExpr | undefined;
    let rhs: DurationExpr | undefined;
    if (name.kind === 'max_of' || name.kind === 'min_of') {
      lhs = this.#expression(0);
      tokens.expect(',');
      rhs = this.#expression(0);
    }
    const end = tokens.expect(')').end;
    const call = operation(name.kind as Operator, lhs, rhs, { start: name.start, end });
    this.#requireArithmetic(call.position);
    return call;
  }

  /** A bare number in parentheses becomes an operation, so that it prints with them again. */
  #parenthesized(isArithmetic: boolean): Operation {
    const { start } = this.#tokens.next();
    const expr = this.#expression(0);
    const { end } = this.#tokens.expect(')');
    if (isArithmetic) this.#requireArithmetic(expr.position);
    if (expr.kind === 'duration') return { ...expr, wrapped: true };
    return { ...operation('+', undefined, expr, { start, end }), wrapped: true };
  }

  #signed(sign: Token, expr: DurationExpr): DurationExpr {
    if (expr.kind === 'duration') {
      return sign.kind === '-' ? operation('-', undefined, expr, from(sign, expr)) : expr;
    }
    const value = sign.kind === '-' ? -expr.value : expr.value;
    return this.#inRange({ ...expr, value, position: from(sign, expr) }, sign);
  }

  #inRange(literal: NumberLiteral, position: PositionRange): NumberLiteral {
    if (Math.abs(literal.value) <= MAX_SECONDS || Number.isNaN(literal.value)) return literal;
    this.#tokens.problem(position, 'duration out of range');
    return zero(position);
  }

  #requireArithmetic(position: PositionRange): void {
    if (!this.#arithmetic) {
      this.#tokens.problem(position, 'experimental duration expression is not enabled');
    }
  }
}

function operation(
  operator: Operator,
  lhs: DurationExpr | undefined,
  rhs: DurationExpr | undefined,
  position: PositionRange,
): Operation {
  return { kind: 'duration', operator, lhs, rhs, wrapped: false, position };
}

function from(sign: Token, expr: DurationExpr): PositionRange {
  return { start: sign.start, end: expr.position.end };
}

/** Stands where a duration was refused. */
function zero({ start, end }: PositionRange): NumberLiteral {
  return { kind: 'number', value: 0, duration: false, position: { start, end } };
}
