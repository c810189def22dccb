import type { Matcher } from '../../model/matcher.ts';

/** Where a node stands in the query text: byte offsets (UTF-8), end exclusive, as Prometheus reports them. */
export interface PositionRange {
  readonly start: number;
  readonly end: number;
}

export type ValueType = 'scalar' | 'vector' | 'matrix' | 'string' | 'none';

/** The syntax tree of PromQL, node for node that of Prometheus 3.14. */
export type Expr =
  | NumberLiteral
  | StringLiteral
  | VectorSelector
  | MatrixSelector
  | SubqueryExpr
  | UnaryExpr
  | BinaryExpr
  | AggregateExpr
  | Call
  | ParenExpr;

export interface NumberLiteral {
  readonly kind: 'number';
  readonly value: number;
  /** Written as a duration (`5m`): printed as one. */
  readonly duration: boolean;
  readonly position: PositionRange;
}

export interface StringLiteral {
  readonly kind: 'string';
  readonly value: string;
  readonly position: PositionRange;
}

/**
 * Durations written plainly stand in the `…Ms` fields, exact to the nanosecond: they can have a fraction, which
 * counts where Prometheus divides by a range and not where it selects samples. Where a duration is arithmetic,
 * the `…Expr` field holds it and the plain one is 0.
 */
export interface VectorSelector {
  readonly kind: 'vectorSelector';
  /** Metric name as written before the braces; empty where none was. Also among the matchers. */
  readonly name: string;
  readonly matchers: readonly Matcher[];
  readonly offsetMs: number;
  readonly offsetExpr: DurationExpr | undefined;
  /** `@` time, milliseconds. */
  readonly atMs: number | undefined;
  readonly atBound: 'start' | 'end' | undefined;
  readonly anchored: boolean;
  readonly smoothed: boolean;
  readonly position: PositionRange;
}

export interface MatrixSelector {
  readonly kind: 'matrixSelector';
  readonly vector: VectorSelector;
  readonly rangeMs: number;
  readonly rangeExpr: DurationExpr | undefined;
  readonly position: PositionRange;
}

export interface SubqueryExpr {
  readonly kind: 'subquery';
  readonly expr: Expr;
  readonly rangeMs: number;
  readonly rangeExpr: DurationExpr | undefined;
  /** 0: the default step of the engine. */
  readonly stepMs: number;
  readonly stepExpr: DurationExpr | undefined;
  readonly offsetMs: number;
  readonly offsetExpr: DurationExpr | undefined;
  readonly atMs: number | undefined;
  readonly atBound: 'start' | 'end' | undefined;
  readonly position: PositionRange;
}

export interface UnaryExpr {
  readonly kind: 'unary';
  readonly operator: '+' | '-';
  readonly expr: Expr;
  readonly position: PositionRange;
}

export type BinaryOperator =
  | '+'
  | '-'
  | '*'
  | '/'
  | '%'
  | '^'
  | 'atan2'
  | '=='
  | '!='
  | '>'
  | '<'
  | '>='
  | '<='
  | 'and'
  | 'or'
  | 'unless'
  | '</'
  | '>/';

export interface VectorMatching {
  readonly cardinality: 'one-to-one' | 'many-to-one' | 'one-to-many' | 'many-to-many';
  /** Labels of `on` or `ignoring`. */
  readonly labels: readonly string[];
  readonly on: boolean;
  /** Labels taken over from the "one" side by `group_left`/`group_right`. */
  readonly include: readonly string[];
  /** Values of `fill`, `fill_left`, `fill_right`. */
  readonly fillLeft: number | undefined;
  readonly fillRight: number | undefined;
}

export interface BinaryExpr {
  readonly kind: 'binary';
  readonly operator: BinaryOperator;
  readonly lhs: Expr;
  readonly rhs: Expr;
  /** Set between two vectors. */
  readonly matching: VectorMatching | undefined;
  readonly returnBool: boolean;
  readonly position: PositionRange;
}

export type Aggregation =
  | 'sum'
  | 'avg'
  | 'count'
  | 'min'
  | 'max'
  | 'group'
  | 'stddev'
  | 'stdvar'
  | 'topk'
  | 'bottomk'
  | 'count_values'
  | 'quantile'
  | 'limitk'
  | 'limit_ratio';

export interface AggregateExpr {
  readonly kind: 'aggregate';
  readonly operator: Aggregation;
  readonly expr: Expr;
  readonly param: Expr | undefined;
  readonly grouping: readonly string[];
  readonly without: boolean;
  readonly position: PositionRange;
}

export interface Call {
  readonly kind: 'call';
  readonly func: string;
  readonly args: readonly Expr[];
  readonly position: PositionRange;
}

export interface ParenExpr {
  readonly kind: 'paren';
  readonly expr: Expr;
  readonly position: PositionRange;
}

/** Arithmetic on durations: `[5m * 2]`, `offset step()`. Values are seconds. */
export type DurationExpr =
  | NumberLiteral
  | {
      readonly kind: 'duration';
      readonly operator: '+' | '-' | '*' | '/' | '%' | '^' | 'step' | 'range' | 'min_of' | 'max_of';
      /** Absent for the unary forms and for `step()` and `range()`. */
      readonly lhs: DurationExpr | undefined;
      readonly rhs: DurationExpr | undefined;
      /** Stood in parentheses: printed with them. */
      readonly wrapped: boolean;
      readonly position: PositionRange;
    };
