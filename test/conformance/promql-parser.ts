import { readFileSync } from 'node:fs';
import { ParseError, type ParserOptions, parseExpr, valueType } from '../../aggregator/promql/parser.ts';
import { exprToJson, prettyExpr, printExpr } from '../../aggregator/promql/print.ts';
import { sharedPath } from '../shared.ts';
import {
  type ConformanceOptions,
  type ConformanceResult,
  MAX_FAILURES_NAMED,
  MissingData,
} from './conformance.ts';

/**
 * Queries and what the parser of Prometheus 3.14 makes of each: the error with its byte positions, or the
 * type, the two printed forms and the tree. `input` in the parser's goldens, `expr` in those of promqltest.
 */
interface Golden {
  readonly input?: string;
  readonly expr?: string;
  readonly error?: string;
  readonly errors?: readonly { readonly start: number; readonly end: number }[];
  readonly type?: string;
  readonly string?: string;
  readonly pretty?: string;
  readonly ast?: unknown;
  /** The error of a server without feature flags; absent where it accepts the query too. */
  readonly defaultError?: string;
}

/** The goldens were made with every feature flag on. */
const ALL_FEATURES: ParserOptions = {
  experimentalFunctions: true,
  durationExpressions: true,
  extendedRangeSelectors: true,
  fillModifiers: true,
};

export async function run(options: ConformanceOptions): Promise<ConformanceResult> {
  const data = options.data ?? sharedPath('conformance', 'promql-parser', 'parse_golden.jsonl');
  if (data === undefined) {
    throw new MissingData('Cannot find the goldens: set KARMASCOPE_SHARED or give --data FILE');
  }
  const failed = checkGoldens(data);
  const total = goldensOf(data).length;
  return {
    conformance: 'promql-parser',
    total,
    passed: total - failed.length,
    failed: failed.slice(0, MAX_FAILURES_NAMED),
  };
}

/** One line for each query the parser does not take as Prometheus does. */
export function checkGoldens(file: string): string[] {
  const failed: string[] = [];
  for (const [index, golden] of goldensOf(file).entries()) {
    const difference = check(golden);
    if (difference !== undefined) failed.push(`line ${index + 1}: ${queryOf(golden)}: ${difference}`);
  }
  return failed;
}

function goldensOf(file: string): Golden[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Golden);
}

function queryOf(golden: Golden): string {
  return golden.input ?? golden.expr ?? '';
}

function check(golden: Golden): string | undefined {
  const query = queryOf(golden);
  const answer = answerTo(query, ALL_FEATURES);
  for (const key of ['error', 'type', 'string', 'pretty', 'ast'] as const) {
    const expected = golden[key];
    if (key !== 'error' && expected === undefined) continue;
    const [wanted, got] = [JSON.stringify(expected), JSON.stringify(answer[key])];
    if (wanted !== got) return `${key} is ${got}, expected ${wanted}`;
  }
  const range = golden.errors?.[0];
  if (range && (range.start !== answer.position?.start || range.end !== answer.position.end)) {
    return `error stands at ${JSON.stringify(answer.position)}, expected ${JSON.stringify(range)}`;
  }
  // What a server without flags answers is known only of good queries, and only in the parser's goldens.
  if (golden.input === undefined || golden.error !== undefined) return undefined;
  const expected = golden.defaultError;
  const { error } = answerTo(query, {});
  return error === expected ? undefined : `without flags the error is ${error}, expected ${expected}`;
}

type Answer = { -readonly [Key in 'error' | 'type' | 'string' | 'pretty' | 'ast']?: unknown } & {
  position?: ParseError['position'];
};

function answerTo(query: string, options: ParserOptions): Answer {
  try {
    const expr = parseExpr(query, options);
    const answer: Answer = { type: valueType(expr), string: printExpr(expr), pretty: prettyExpr(expr) };
    try {
      answer.ast = exprToJson(expr);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      answer.ast = `unmarshalable: ${error.message}`;
    }
    return answer;
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    return { error: error.message, position: error.position };
  }
}
