import type { Expr, ValueType } from './ast.ts';
import { functionSignature } from './function-signatures.ts';

/** The type an expression evaluates to. */
export function valueType(expr: Expr): ValueType {
  let node = expr;
  for (;;) {
    switch (node.kind) {
      case 'number':
        return 'scalar';
      case 'string':
        return 'string';
      case 'vectorSelector':
      case 'aggregate':
        return 'vector';
      case 'matrixSelector':
      case 'subquery':
        return 'matrix';
      case 'call':
        return functionSignature(node.func)?.returns ?? 'none';
      case 'paren':
      case 'unary':
        node = node.expr;
        break;
      case 'binary':
        // Long chains lean to the left: go down that side without recursion.
        if (valueType(node.rhs) !== 'scalar') return 'vector';
        if (node.lhs.kind !== 'binary') return valueType(node.lhs) === 'scalar' ? 'scalar' : 'vector';
        node = node.lhs;
        break;
      default:
        throw new Error(`BUG: no type for ${node satisfies never}`);
    }
  }
}
