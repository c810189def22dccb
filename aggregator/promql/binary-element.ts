import type { FloatHistogram } from '../../model/histogram.ts';
import {
  type Annotation,
  counterResetCollision,
  incompatibleBuckets,
  incompatibleTypes,
  mismatchedCustomBuckets,
} from './annotations.ts';
import type { BinaryOperator } from './ast.ts';
import { pow } from './go-math.ts';
import { atan2 } from './go-trigonometry.ts';
import { add, IncompatibleSchema, subtract } from './native-arithmetic.ts';
import { copyHistogram, divide, equalHistograms, multiply } from './native-histogram.ts';
import { compact } from './native-layout.ts';
import { trim } from './native-trim.ts';
import type { BinaryPlan } from './plan.ts';

export type ArithmeticOperator = '+' | '-' | '*' | '/' | '%' | '^' | 'atan2';
export type ComparisonOperator = '==' | '!=' | '>' | '<' | '>=' | '<=';

export function isComparison(operator: BinaryOperator): operator is ComparisonOperator {
  return Object.hasOwn(COMPARISONS, operator);
}

export function isArithmetic(operator: BinaryOperator): operator is ArithmeticOperator {
  return Object.hasOwn(ARITHMETIC, operator);
}

export const ARITHMETIC: Readonly<Record<ArithmeticOperator, (a: number, b: number) => number>> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
  '%': (a, b) => a % b,
  '^': pow,
  atan2,
};

export const COMPARISONS: Readonly<Record<ComparisonOperator, (a: number, b: number) => boolean>> = {
  '==': (a, b) => a === b,
  '!=': (a, b) => a !== b,
  '>': (a, b) => a > b,
  '<': (a, b) => a < b,
  '>=': (a, b) => a >= b,
  '<=': (a, b) => a <= b,
};

/** A sample of either kind. */
export type Element = number | FloatHistogram;

export interface ElementResult {
  readonly value: Element;
  /** False: the comparison does not hold, or the operator does not apply to these types. */
  readonly keep: boolean;
  /** The last thing to remark; the reference keeps one for each step. */
  readonly remark: Annotation | undefined;
  /** The sample drops out, `bool` or not. */
  readonly failed: boolean;
}

/** One operation on two samples of which at least one is a histogram, or on two floats. */
export function operate(plan: BinaryPlan, left: Element, right: Element): ElementResult {
  const { operator, position } = plan;
  if (typeof left === 'number' && typeof right === 'number') {
    if (isArithmetic(operator)) return kept(ARITHMETIC[operator](left, right));
    if (isComparison(operator)) return compared(left, COMPARISONS[operator](left, right));
  } else if (typeof left === 'number') {
    if (operator === '*') return kept(compact(multiply(copyHistogram(right as FloatHistogram), left)));
  } else if (typeof right === 'number') {
    switch (operator) {
      case '*':
        return kept(compact(multiply(copyHistogram(left), right)));
      case '/':
        return kept(compact(divide(copyHistogram(left), right)));
      case '</':
        return kept(trim(copyHistogram(left), right, 'upper'));
      case '>/':
        return kept(trim(copyHistogram(left), right, 'lower'));
      default:
    }
  } else {
    if (operator === '+' || operator === '-') return combine(plan, operator, left, right);
    if (operator === '==') return compared(left, equalHistograms(left, right));
    if (operator === '!=') return compared(left, !equalHistograms(left, right));
  }
  const remark = incompatibleTypes(typeName(left), operator, typeName(right), position);
  return { value: 0, keep: false, remark, failed: true };
}

function combine(
  plan: BinaryPlan,
  operator: '+' | '-',
  left: FloatHistogram,
  right: FloatHistogram,
): ElementResult {
  const { position } = plan;
  const result = copyHistogram(left);
  const operation = operator === '+' ? 'addition' : 'subtraction';
  try {
    const outcome = operator === '+' ? add(result, right) : subtract(result, right);
    if (operator === '-') result.counterResetHint = 'gauge';
    // A collision is an error to the reference: there the sample is lost.
    if (outcome.resetCollision) {
      const remark = counterResetCollision(position, operation);
      return { value: compact(result), keep: true, remark, failed: true };
    }
    const remark = outcome.boundsReconciled ? mismatchedCustomBuckets(position, operation) : undefined;
    return { value: compact(result), keep: true, remark, failed: false };
  } catch (error) {
    if (!(error instanceof IncompatibleSchema)) throw error;
    return { value: 0, keep: false, remark: incompatibleBuckets(operator, position), failed: true };
  }
}

function kept(value: Element): ElementResult {
  return { value, keep: true, remark: undefined, failed: false };
}

function compared(value: Element, keep: boolean): ElementResult {
  return { value, keep, remark: undefined, failed: false };
}

function typeName(element: Element): 'float' | 'histogram' {
  return typeof element === 'number' ? 'float' : 'histogram';
}
