import type { VectorMatching } from './ast.ts';
import { parseNumberLiteral } from './duration-parser.ts';
import { unquote } from './literal.ts';
import { EXPRESSION_STARTS, LABEL_NAMES } from './token.ts';
import type { TokenStream } from './token-stream.ts';

const OPENING = { context: 'grouping opts', expected: '"("' };
const LABEL = { context: 'grouping opts', expected: 'label' };
const LIST_GOES_ON = { context: 'grouping opts', expected: '"," or ")"' };

/** `(label, "quoted label", …)`; a comma may stand at the end. */
export function parseLabelList(tokens: TokenStream): string[] {
  const labels: string[] = [];
  tokens.expect('(', OPENING);
  if (tokens.accept(')')) return labels;
  for (;;) {
    labels.push(parseLabel(tokens));
    if (!tokens.accept(',')) {
      tokens.expect(')', LIST_GOES_ON);
      return labels;
    }
    if (tokens.accept(')')) return labels;
  }
}

function parseLabel(tokens: TokenStream): string {
  if (!LABEL_NAMES.has(tokens.peek().kind) && !tokens.is('string')) tokens.fail(LABEL);
  const token = tokens.next();
  const name = token.kind === 'string' ? unquote(token.text) : token.text;
  if (name === '') tokens.problem(token, 'invalid label name for grouping: ""');
  return name;
}

/** What stands between a binary operator and its right side. */
export interface OperatorModifiers {
  readonly returnBool: boolean;
  readonly matching: VectorMatching;
}

/** `bool`, `on`/`ignoring`, `group_left`/`group_right` and `fill`, in this order, each optional. */
export function parseOperatorModifiers(tokens: TokenStream): OperatorModifiers {
  const returnBool = tokens.accept('bool') !== undefined;
  let cardinality: VectorMatching['cardinality'] = 'one-to-one';
  let labels: readonly string[] = [];
  let include: readonly string[] = [];
  const by = tokens.accept('on') ?? tokens.accept('ignoring');
  if (by) {
    labels = parseLabelList(tokens);
    const group = tokens.accept('group_left') ?? tokens.accept('group_right');
    if (group) {
      cardinality = group.kind === 'group_left' ? 'many-to-one' : 'one-to-many';
      // A parenthesis here always opens the labels; a right side in parentheses needs `group_left ()` before.
      if (tokens.is('(')) include = parseLabelList(tokens);
      else if (!EXPRESSION_STARTS.has(tokens.peek().kind)) tokens.fail(OPENING);
    }
  }
  const fill = parseFill(tokens);
  return { returnBool, matching: { cardinality, labels, on: by?.kind === 'on', include, ...fill } };
}

function parseFill(tokens: TokenStream): Pick<VectorMatching, 'fillLeft' | 'fillRight'> {
  if (tokens.accept('fill')) {
    const value = parseFillValue(tokens);
    return { fillLeft: value, fillRight: value };
  }
  let fillLeft: number | undefined;
  let fillRight: number | undefined;
  if (tokens.accept('fill_left')) {
    fillLeft = parseFillValue(tokens);
    if (tokens.accept('fill_right')) fillRight = parseFillValue(tokens);
  } else if (tokens.accept('fill_right')) {
    fillRight = parseFillValue(tokens);
    if (tokens.accept('fill_left')) fillLeft = parseFillValue(tokens);
  }
  return { fillLeft, fillRight };
}

function parseFillValue(tokens: TokenStream): number {
  tokens.expect('(');
  const sign = tokens.accept('-') ?? tokens.accept('+');
  if (!tokens.is('number') && !tokens.is('duration')) tokens.fail();
  const { value } = parseNumberLiteral(tokens);
  tokens.expect(')');
  return sign?.kind === '-' ? -value : value;
}
