import { quote } from '../../model/labels.ts';
import type {
  AggregateExpr,
  BinaryExpr,
  Call,
  Expr,
  PositionRange,
  ValueType,
  VectorSelector,
} from './ast.ts';
import { type FunctionSignature, functionSignature } from './function-signatures.ts';
import type { Problem } from './parse-error.ts';
import { valueType } from './value-type.ts';

/** Deeper than any query a person or a tool writes; what evaluates and prints a tree walks it on the stack. */
const MAX_DEPTH = 2_000;

const COMPARISONS: ReadonlySet<string> = new Set(['==', '!=', '<=', '<', '>=', '>']);
const SET_OPERATORS: ReadonlySet<string> = new Set(['and', 'or', 'unless']);
const SCALAR_PARAMETER: ReadonlySet<string> = new Set([
  'topk',
  'bottomk',
  'quantile',
  'limitk',
  'limit_ratio',
]);

/** Where problems go. */
export interface ProblemSink {
  problem(position: PositionRange, text: Problem['text']): void;
}

/**
 * Checks types and the rules the grammar cannot state, in the order Prometheus does; returns the tree with the
 * vector matching settled (many-to-many for set operators, none where an operand is a scalar).
 */
export function checkExpr(expr: Expr, query: string, sink: ProblemSink): Expr {
  const checker = new Checker(query, sink);
  const checked = checker.check(expr);
  if (checker.depth > MAX_DEPTH) {
    sink.problem(expr.position, `expression is nested more than ${MAX_DEPTH} levels deep`);
  }
  return checked;
}

class Checker {
  readonly #query: string;
  readonly #sink: ProblemSink;
  #bytes: Buffer | undefined;
  #level = 0;
  #recursion = 0;
  /** The longest way from the root to a leaf. */
  depth = 0;

  constructor(query: string, sink: ProblemSink) {
    this.#query = query;
    this.#sink = sink;
  }

  check(expr: Expr): Expr {
    this.depth = Math.max(this.depth, ++this.#level);
    this.#recursion++;
    let checked = expr;
    if (this.#recursion <= MAX_DEPTH) {
      checked = expr.kind === 'binary' ? this.#chain(expr) : this.#node(expr);
    }
    this.#recursion--;
    this.#level--;
    return checked;
  }

  /** Operators in a row (`a + b + c …`) are a tree that leans to the left: no recursion on that side. */
  #chain(top: BinaryExpr): Expr {
    const operators: BinaryExpr[] = [];
    let leftmost: Expr = top;
    for (; leftmost.kind === 'binary'; leftmost = leftmost.lhs) operators.push(leftmost);
    this.#level += operators.length - 1;
    let lhs = this.check(leftmost);
    let type = valueType(lhs);
    for (let binary = operators.pop(); binary; binary = operators.pop()) {
      const rhs = this.check(binary.rhs);
      if (operators.length > 0) this.#level--;
      const rightType = valueType(rhs);
      lhs = this.#binary(binary, lhs, type, rhs, rightType);
      type = type === 'scalar' && rightType === 'scalar' ? 'scalar' : 'vector';
    }
    return lhs;
  }

  #node(expr: Exclude<Expr, BinaryExpr>): Expr {
    switch (expr.kind) {
      case 'number':
      case 'string':
        return expr;
      case 'vectorSelector':
        this.#vectorSelector(expr);
        return expr;
      case 'matrixSelector':
        this.#vectorSelector(expr.vector);
        return expr;
      case 'paren':
        return { ...expr, expr: this.check(expr.expr) };
      case 'unary': {
        const operand = this.check(expr.expr);
        const type = valueType(operand);
        if (type !== 'scalar' && type !== 'vector') {
          const shown = quote(documented(type));
          this.#problem(
            expr,
            `unary expression only allowed on expressions of type scalar or instant vector, got ${shown}`,
          );
        }
        return { ...expr, expr: operand };
      }
      case 'subquery': {
        const inner = this.check(expr.expr);
        const type = valueType(inner);
        if (type !== 'vector') {
          this.#problem(expr, `subquery is only allowed on instant vector, got ${type} instead`);
        }
        return { ...expr, expr: inner };
      }
      case 'aggregate':
        return this.#aggregate(expr);
      case 'call':
        return this.#call(expr);
      default:
        throw new Error(`BUG: unchecked node ${expr satisfies never}`);
    }
  }

  #aggregate(expr: AggregateExpr): Expr {
    const inner = this.#expect(expr.expr, 'vector', 'aggregation expression');
    let { param } = expr;
    if (param && SCALAR_PARAMETER.has(expr.operator)) {
      param = this.#expect(param, 'scalar', 'aggregation parameter');
    } else if (param && expr.operator === 'count_values') {
      param = this.#expect(param, 'string', 'aggregation parameter');
    }
    return { ...expr, expr: inner, param };
  }

  #expect(expr: Expr, wanted: ValueType, context: string): Expr {
    const checked = this.check(expr);
    const type = valueType(checked);
    if (type !== wanted) {
      this.#problem(expr, `expected type ${documented(wanted)} in ${context}, got ${documented(type)}`);
    }
    return checked;
  }

  #binary(expr: BinaryExpr, lhs: Expr, leftType: ValueType, rhs: Expr, rightType: ValueType): BinaryExpr {
    const { operator, returnBool, position } = expr;
    const matching = expr.matching!;
    const isSet = SET_OPERATORS.has(operator);
    const problem = (text: string, at: PositionRange = position) => this.#sink.problem(at, text);
    const operatorRange = () => this.#between(lhs.position.end, rhs.position.start);

    if (returnBool && !COMPARISONS.has(operator)) {
      problem('bool modifier can only be used on comparison operators', operatorRange());
    }
    const scalars = leftType === 'scalar' && rightType === 'scalar';
    if (COMPARISONS.has(operator) && !returnBool && scalars) {
      problem('comparisons between scalars must use BOOL modifier', operatorRange());
    }
    if (matching.on) {
      for (const label of matching.labels) {
        for (const other of matching.include) {
          if (label !== other) continue;
          problem(`label ${quote(label)} must not occur in ON and GROUP clause at once`, operatorRange());
        }
      }
    }
    for (const [type, side] of [
      [leftType, lhs],
      [rightType, rhs],
    ] as const) {
      if (type === 'scalar' || type === 'vector') continue;
      problem('binary expression must contain only scalar and instant vector types', side.position);
    }

    const cardinality =
      isSet && matching.cardinality === 'one-to-one' ? 'many-to-many' : matching.cardinality;
    const vectors = leftType === 'vector' && rightType === 'vector';
    const fills = matching.fillLeft !== undefined || matching.fillRight !== undefined;
    if (!vectors) {
      if (matching.labels.length > 0) problem('vector matching only allowed between instant vectors');
      if (fills) problem('filling in missing series only allowed between instant vectors');
    } else if (isSet) {
      if (cardinality !== 'many-to-many') {
        problem(`no grouping allowed for ${quote(operator)} operation`);
        problem('set operations must always be many-to-many');
      }
      if (fills) problem('filling in missing series not allowed for set operators');
    }
    if (isSet && (leftType === 'scalar' || rightType === 'scalar')) {
      problem(`set operator ${quote(operator)} not allowed in binary scalar expression`);
    }
    return { ...expr, lhs, rhs, matching: vectors ? { ...matching, cardinality } : undefined };
  }

  #call(expr: Call): Expr {
    const signature = functionSignature(expr.func);
    if (!signature) throw new Error(`BUG: function ${expr.func} passed the parser`);
    this.#argumentCount(expr, signature);
    const selector = expr.func === 'info' ? this.#infoSelector(expr) : undefined;
    const args = expr.args.map((arg, index) => {
      // Arguments too many were counted above; only those of a variadic function have a type.
      if (index >= signature.args.length && signature.variadic === 0) return arg;
      const wanted = signature.args[Math.min(index, signature.args.length - 1)]!;
      if (arg === selector) return arg;
      return this.#expect(arg, wanted, `call to function ${quote(expr.func)}`);
    });
    return { ...expr, args };
  }

  #argumentCount(expr: Call, { args, variadic }: FunctionSignature): void {
    const least = variadic === 0 ? args.length : args.length - 1;
    const most = variadic < 0 ? Number.POSITIVE_INFINITY : least + variadic;
    const count = expr.args.length;
    if (count >= least && count <= most) return;
    const bound = variadic === 0 ? '' : count < least ? 'at least ' : 'at most ';
    const wanted = count < least ? least : most;
    this.#problem(
      expr,
      `expected ${bound}${wanted} argument(s) in call to ${quote(expr.func)}, got ${count}`,
    );
  }

  /** The second argument of `info` is no query: bare label matchers, which may all match nothing. */
  #infoSelector(expr: Call): VectorSelector | undefined {
    const arg = expr.args[1];
    if (!arg) return undefined;
    const type = valueType(arg);
    if (type !== 'vector') {
      this.#problem(expr, `expected type instant vector in call to function "info", got ${documented(type)}`);
    }
    if (arg.kind !== 'vectorSelector') this.#problem(arg, 'expected label selectors only');
    else if (arg.name !== '')
      this.#problem(arg, 'expected label selectors only, got vector selector instead');
    else return arg;
    return undefined;
  }

  #vectorSelector(selector: VectorSelector): void {
    const { name, matchers } = selector;
    if (name !== '') {
      // The last matcher is the name's own.
      for (const matcher of matchers.slice(0, -1)) {
        if (matcher.name !== '__name__') continue;
        const names = `${quote(name)} or ${quote(matcher.value)}`;
        this.#problem(selector, `metric name must not be set twice: ${names}`);
      }
    } else if (matchers.every((matcher) => matcher.matchesEmpty)) {
      this.#problem(selector, 'vector selector must contain at least one non-empty matcher');
    }
  }

  #problem(expr: Expr, text: string): void {
    this.#sink.problem(expr.position, text);
  }

  /** The operator between two operands: the text between them without the white space around it. */
  #between(leftEnd: number, rightStart: number): PositionRange {
    this.#bytes ??= Buffer.from(this.#query);
    const isSpace = (at: number) => [32, 9, 10, 13].includes(this.#bytes![at]!);
    let start = leftEnd;
    while (isSpace(start)) start++;
    let end = rightStart - 1;
    while (end > start && isSpace(end)) end--;
    return { start, end };
  }
}

function documented(type: ValueType): string {
  if (type === 'vector') return 'instant vector';
  if (type === 'matrix') return 'range vector';
  return type;
}
