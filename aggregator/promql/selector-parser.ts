import { Matcher, type MatchOperator } from '../../model/matcher.ts';
import type { VectorSelector } from './ast.ts';
import { unquote } from './literal.ts';
import type { Token } from './token.ts';
import type { TokenStream } from './token-stream.ts';

const MATCH_OPERATORS: ReadonlySet<string> = new Set<MatchOperator>(['=', '!=', '=~', '!~']);

/** `name`, `name{…}` or `{…}`. The name has been read already; without one, `{` is known to be next. */
export function parseVectorSelector(tokens: TokenStream, name?: Token): VectorSelector {
  const matchers: Matcher[] = [];
  const brace = tokens.accept('{');
  const last = brace ? parseLabelMatchers(tokens, matchers) : name!;
  const position = { start: (name ?? brace!).start, end: last.end };
  if (name) matchers.push(new Matcher('__name__', '=', name.text));
  return {
    kind: 'vectorSelector',
    name: name?.text ?? '',
    matchers,
    offsetMs: 0,
    offsetExpr: undefined,
    atMs: undefined,
    atBound: undefined,
    anchored: false,
    smoothed: false,
    position,
  };
}

const LABEL_MATCHER = { context: 'label matching', expected: 'identifier or "}"' };
const LIST_GOES_ON = { context: 'label matching', expected: '"," or "}"' };

/** What follows `{`, up to its `}`, which is returned. A comma may stand before it. */
function parseLabelMatchers(tokens: TokenStream, matchers: Matcher[]): Token {
  for (;;) {
    const end = tokens.accept('}');
    if (end) return end;
    parseLabelMatcher(tokens, matchers);
    if (!tokens.accept(',')) return tokens.expect('}', LIST_GOES_ON);
  }
}

function parseLabelMatcher(tokens: TokenStream, matchers: Matcher[]): void {
  const label = tokens.accept('identifier') ?? tokens.accept('string');
  if (!label) tokens.fail(LABEL_MATCHER);
  const quoted = label.kind === 'string';
  const name = quoted ? unquote(label.text) : label.text;
  if (!MATCH_OPERATORS.has(tokens.peek().kind)) {
    // A quoted name alone is the metric's.
    if (quoted) matchers.push(new Matcher('__name__', '=', name));
    else tokens.fail({ context: 'label matching', expected: 'label matching operator' });
    return;
  }
  const operator = tokens.next().kind as MatchOperator;
  const value = tokens.expect('string', { context: 'label matching', expected: 'string' });
  try {
    matchers.push(new Matcher(name, operator, unquote(value.text)));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    tokens.problem({ start: label.start, end: value.end }, goRegexError(error.message));
  }
}

/**
 * Errors of regular expressions in Go's words. The engine here has them too, but shows how it was asked to let `.`
 * match newlines, which nobody wrote, and leaves out an empty quotation.
 */
function goRegexError(message: string): string {
  return message.replace('`(?s)', '`').replace(/trailing backslash at end of expression$/, '$&: ``');
}
