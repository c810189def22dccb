import type { Matcher } from '../../model/matcher.ts';
import type { Expr } from './ast.ts';
import { checkExpr } from './check.ts';
import { ExpressionParser, type ParserOptions } from './expression-parser.ts';
import { parseVectorSelector } from './selector-parser.ts';
import { METRIC_NAMES, type Token } from './token.ts';
import { TokenStream } from './token-stream.ts';

export { ParseError } from './parse-error.ts';
export { valueType } from './value-type.ts';
export type { ParserOptions };

/** The syntax tree of a query, its types checked. Throws a `ParseError` with Prometheus' words. */
export function parseExpr(text: string, options: ParserOptions = {}): Expr {
  const tokens = new TokenStream(text);
  if (tokens.is('end of input')) {
    tokens.problem({ start: 0, end: 0 }, 'no expression found in input');
    tokens.stop();
  }
  const expr = new ExpressionParser(tokens, options).parse();
  if (!tokens.is('end of input')) tokens.fail();
  // Types are looked at only when the syntax is right.
  tokens.check();
  const checked = checkExpr(expr, text, tokens);
  tokens.check();
  return checked;
}

/** The matchers of a series selector, as `match[]` has them: `up`, `{job="a"}`, even an empty `{}`. */
export function parseMetricSelector(text: string): Matcher[] {
  const tokens = new TokenStream(text);
  let name: Token | undefined;
  if (METRIC_NAMES.has(tokens.peek().kind)) name = tokens.next();
  else if (!tokens.is('{')) tokens.fail();
  const { matchers } = parseVectorSelector(tokens, name);
  if (!tokens.is('end of input')) tokens.fail();
  tokens.check();
  return [...matchers];
}
