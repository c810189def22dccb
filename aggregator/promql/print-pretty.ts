import type { Expr } from './ast.ts';
import { printAggregation, printExpr, printOperator, printSubqueryTimes } from './print-expr.ts';

/** What fits in a line of so many bytes is not split. */
const MAX_LINE_BYTES = 100;
const INDENT = '  ';

/** The query laid out over several lines where it is long, as `/api/v1/format_query` answers it. */
export function prettyExpr(expr: Expr): string {
  return pretty(expr, 0);
}

function pretty(expr: Expr, level: number): string {
  const indent = INDENT.repeat(level);
  switch (expr.kind) {
    case 'number':
    case 'string':
    case 'vectorSelector':
    case 'matrixSelector':
      return indent + printExpr(expr);
    case 'unary':
      return `${indent}${expr.operator}${pretty(expr.expr, level).trim()}`;
    case 'subquery':
      // A short subquery is not indented: Prometheus' own oddity, kept.
      if (fits(expr)) return printExpr(expr);
      return pretty(expr.expr, level) + printSubqueryTimes(expr);
    case 'paren':
      if (fits(expr)) return indent + printExpr(expr);
      return `${indent}(\n${pretty(expr.expr, level + 1)}\n${indent})`;
    case 'binary': {
      if (fits(expr)) return indent + printExpr(expr);
      const lhs = pretty(expr.lhs, level + 1);
      return `${lhs}\n${indent}${printOperator(expr)}\n${pretty(expr.rhs, level + 1)}`;
    }
    case 'call': {
      if (fits(expr)) return indent + printExpr(expr);
      const args = expr.args.map((arg) => pretty(arg, level + 1)).join(',\n');
      return `${indent}${expr.func}(\n${args}\n${indent})`;
    }
    case 'aggregate': {
      if (fits(expr)) return indent + printExpr(expr);
      const param = expr.param ? `${pretty(expr.param, level + 1)},\n` : '';
      return `${indent}${printAggregation(expr)}(\n${param}${pretty(expr.expr, level + 1)}\n${indent})`;
    }
    default:
      throw new Error(`BUG: unprintable node ${expr satisfies never}`);
  }
}

function fits(expr: Expr): boolean {
  return Buffer.byteLength(printExpr(expr)) <= MAX_LINE_BYTES;
}
