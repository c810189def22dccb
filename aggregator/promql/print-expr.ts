import { formatDurationMs } from '../../model/duration.ts';
import { compareUtf8, isLegacyLabelName, quote } from '../../model/labels.ts';
import type { Matcher } from '../../model/matcher.ts';
import type {
  AggregateExpr,
  BinaryExpr,
  DurationExpr,
  Expr,
  MatrixSelector,
  NumberLiteral,
  SubqueryExpr,
  VectorSelector,
} from './ast.ts';
import { formatPlain, formatShortest } from './go-number.ts';

/** The query of a tree, in Prometheus' canonical form: parsing it gives the tree again. */
export function printExpr(expr: Expr): string {
  switch (expr.kind) {
    case 'number':
      return printNumber(expr);
    case 'string':
      return printString(expr.value);
    case 'vectorSelector':
      return printVectorSelector(expr);
    case 'matrixSelector':
      return printMatrixSelector(expr);
    case 'subquery':
      return printExpr(expr.expr) + printSubqueryTimes(expr);
    case 'unary':
      return expr.operator + printExpr(expr.expr);
    case 'paren':
      return `(${printExpr(expr.expr)})`;
    case 'binary':
      return `${printExpr(expr.lhs)} ${printOperator(expr)} ${printExpr(expr.rhs)}`;
    case 'call':
      return `${expr.func}(${expr.args.map(printExpr).join(', ')})`;
    case 'aggregate': {
      const param = expr.param ? `${printExpr(expr.param)}, ` : '';
      return `${printAggregation(expr)}(${param}${printExpr(expr.expr)})`;
    }
    default:
      throw new Error(`BUG: unprintable node ${expr satisfies never}`);
  }
}

/** Bytes that are no UTF-8 stand in strings as lone surrogates (`unquote`): they print as the bytes they are. */
function printString(value: string): string {
  if (value.isWellFormed()) return quote(value);
  const parts = value.split(/([\udc80-\udcff])/u);
  const shown = parts.map((part, index) =>
    index % 2 === 0 ? quote(part).slice(1, -1) : `\\x${(part.charCodeAt(0) - 0xdc00).toString(16)}`,
  );
  return `"${shown.join('')}"`;
}

/** `sum by (a, b) `, or only `sum`. */
export function printAggregation({ operator, grouping, without }: AggregateExpr): string {
  if (without) return `${operator} without (${printLabels(grouping)}) `;
  return grouping.length > 0 ? `${operator} by (${printLabels(grouping)}) ` : operator;
}

/** A binary operator and all that modifies it: `== bool on (a) group_left (b)`. */
export function printOperator({ operator, returnBool, matching }: BinaryExpr): string {
  let text: string = operator;
  if (returnBool) text += ' bool';
  if (!matching) return text;
  const { cardinality, labels, on, include, fillLeft, fillRight } = matching;
  const grouped = cardinality === 'many-to-one' || cardinality === 'one-to-many';
  if (labels.length > 0 || on || grouped) text += ` ${on ? 'on' : 'ignoring'} (${printLabels(labels)})`;
  if (grouped) {
    text += ` group_${cardinality === 'many-to-one' ? 'left' : 'right'} (${printLabels(include)})`;
  }
  if (fillLeft !== undefined && fillLeft === fillRight) return `${text} fill (${formatShortest(fillLeft)})`;
  if (fillLeft !== undefined) text += ` fill_left (${formatShortest(fillLeft)})`;
  if (fillRight !== undefined) text += ` fill_right (${formatShortest(fillRight)})`;
  return text;
}

/** `[5m:1m] @ start() offset 1h` */
export function printSubqueryTimes(expr: SubqueryExpr): string {
  let step = '';
  if (expr.stepMs !== 0) step = formatDurationMs(expr.stepMs);
  else if (expr.stepExpr) step = printDuration(expr.stepExpr);
  return `[${printRange(expr)}:${step}]${printAt(expr)}${printOffset(expr)}`;
}

function printVectorSelector(expr: VectorSelector): string {
  return printMatchers(expr) + printAt(expr) + printExtension(expr) + printOffset(expr);
}

/** Here `anchored` and `smoothed` stand before `@`. */
function printMatrixSelector(expr: MatrixSelector): string {
  const { vector } = expr;
  const modifiers = printExtension(vector) + printAt(vector) + printOffset(vector);
  return `${printMatchers(vector)}[${printRange(expr)}]${modifiers}`;
}

function printMatchers({ name, matchers }: VectorSelector): string {
  const shown: string[] = [];
  for (const matcher of matchers) {
    const isName = matcher.name === '__name__' && matcher.operator === '=' && matcher.value === name;
    if (!isName || name === '') shown.push(printMatcher(matcher));
  }
  return shown.length === 0 ? name : `${name}{${shown.sort(compareUtf8).join(',')}}`;
}

function printMatcher({ name, operator, value }: Matcher): string {
  return `${printLabel(name)}${operator}${printString(value)}`;
}

function printRange({ rangeMs, rangeExpr }: Pick<MatrixSelector, 'rangeMs' | 'rangeExpr'>): string {
  return rangeExpr ? printDuration(rangeExpr) : formatDurationMs(rangeMs);
}

function printAt({ atMs, atBound }: Pick<VectorSelector, 'atMs' | 'atBound'>): string {
  if (atMs !== undefined) return ` @ ${(atMs / 1000).toFixed(3)}`;
  return atBound ? ` @ ${atBound}()` : '';
}

function printExtension({ anchored, smoothed }: VectorSelector): string {
  if (anchored) return ' anchored';
  return smoothed ? ' smoothed' : '';
}

function printOffset({ offsetMs, offsetExpr }: Pick<VectorSelector, 'offsetMs' | 'offsetExpr'>): string {
  if (offsetExpr) return ` offset ${printDuration(offsetExpr)}`;
  return offsetMs === 0 ? '' : ` offset ${formatDurationMs(offsetMs)}`;
}

function printLabels(labels: readonly string[]): string {
  return labels.map(printLabel).join(', ');
}

function printLabel(name: string): string {
  return isLegacyLabelName(name) ? name : printString(name);
}

function printNumber({ value, duration }: NumberLiteral): string {
  return duration ? formatDurationMs(value * 1000) : formatPlain(value);
}

function printDuration(expr: DurationExpr): string {
  if (expr.kind === 'number') return printNumber(expr);
  const text = printDurationOperation(expr);
  return expr.wrapped ? `(${text})` : text;
}

function printDurationOperation({ operator, lhs, rhs }: Exclude<DurationExpr, NumberLiteral>): string {
  if (operator === 'step' || operator === 'range') return `${operator}()`;
  if (operator === 'min_of' || operator === 'max_of') {
    return `${operator}(${printDuration(lhs!)}, ${printDuration(rhs!)})`;
  }
  if (lhs) return `${printDuration(lhs)} ${operator} ${printDuration(rhs!)}`;
  return operator === '-' ? `-${printDuration(rhs!)}` : printDuration(rhs!);
}
