import { type ParserOptions, parseExpr } from '../promql/parser.ts';
import { exprToJson, prettyExpr } from '../promql/print.ts';
import { withParameter } from './api-error.ts';
import type { ApiRequest } from './endpoint.ts';
import { type ApiAnswer, toJson } from './envelope.ts';

/** `/api/v1/format_query`: the query laid out for people. */
export function formatQuery(options: ParserOptions, { parameters }: ApiRequest): ApiAnswer {
  const expr = withParameter('query', () => parseExpr(parameters.get('query'), options));
  return { data: [toJson(prettyExpr(expr))] };
}

/** `/api/v1/parse_query`: the syntax tree. */
export function parseQuery(options: ParserOptions, { parameters }: ApiRequest): ApiAnswer {
  const expr = withParameter('query', () => parseExpr(parameters.get('query'), options));
  return { data: [toJson(exprToJson(expr))] };
}
