import { quote } from '../../model/labels.ts';
import type { Aggregation, BinaryOperator } from './ast.ts';

/** Kinds that stand for many texts. All other kinds are the one text they stand for, in lower case. */
export type OpenKind =
  | 'identifier'
  | 'metric identifier'
  | 'number'
  | 'duration'
  | 'string'
  | 'comment'
  | 'end of input'
  | 'error';

export type Punctuation = '(' | ')' | '{' | '}' | '[' | ']' | ',' | '=' | ':';

export type Keyword =
  | 'offset'
  | 'smoothed'
  | 'anchored'
  | 'by'
  | 'without'
  | 'on'
  | 'ignoring'
  | 'group_left'
  | 'group_right'
  | 'fill'
  | 'fill_left'
  | 'fill_right'
  | 'bool';

/** Words with a meaning of their own in `@` and in durations; elsewhere functions. */
export type TimeWord = 'start' | 'end' | 'step' | 'range' | 'max_of' | 'min_of';

export type TokenKind =
  | OpenKind
  | Punctuation
  | BinaryOperator
  | '=~'
  | '!~'
  | '@'
  | Aggregation
  | Keyword
  | TimeWord;

export interface Token {
  readonly kind: TokenKind;
  /** As written; of an error, what is wrong. */
  readonly text: string;
  /** Byte offsets. */
  readonly start: number;
  readonly end: number;
}

export const AGGREGATIONS: ReadonlySet<TokenKind> = new Set<Aggregation>([
  'sum',
  'avg',
  'count',
  'min',
  'max',
  'group',
  'stddev',
  'stdvar',
  'topk',
  'bottomk',
  'count_values',
  'quantile',
  'limitk',
  'limit_ratio',
]);

export const TIME_WORDS: ReadonlySet<TokenKind> = new Set<TimeWord>([
  'start',
  'end',
  'step',
  'range',
  'max_of',
  'min_of',
]);

const KEYWORDS: ReadonlySet<TokenKind> = new Set<Keyword>([
  'offset',
  'smoothed',
  'anchored',
  'by',
  'without',
  'on',
  'ignoring',
  'group_left',
  'group_right',
  'fill',
  'fill_left',
  'fill_right',
  'bool',
]);

const WORD_OPERATORS: readonly BinaryOperator[] = ['and', 'or', 'unless', 'atan2'];

const OPERATORS: ReadonlySet<TokenKind> = new Set<TokenKind>([
  ...WORD_OPERATORS,
  '+',
  '-',
  '*',
  '/',
  '%',
  '^',
  '==',
  '!=',
  '<=',
  '<',
  '>=',
  '>',
  '</',
  '>/',
  '=~',
  '!~',
  '@',
]);

/** What a word means outside braces, in lower case: keywords are written in any case. */
export const WORDS: ReadonlyMap<string, TokenKind> = new Map<string, TokenKind>([
  ...[...AGGREGATIONS, ...TIME_WORDS, ...KEYWORDS, ...WORD_OPERATORS].map((word): [string, TokenKind] => [
    word,
    word,
  ]),
  ['inf', 'number'],
  ['nan', 'number'],
]);

const NOT_NAMES: readonly TokenKind[] = ['on', 'ignoring', 'group_left', 'group_right', 'bool', 'atan2'];

/** Kinds that may name a metric where an expression begins. */
export const METRIC_NAMES: ReadonlySet<TokenKind> = new Set<TokenKind>([
  'identifier',
  'metric identifier',
  ...[...AGGREGATIONS, ...TIME_WORDS, ...KEYWORDS, ...WORD_OPERATORS].filter(
    (word) => !NOT_NAMES.includes(word),
  ),
]);

/** Kinds an expression may begin with. */
export const EXPRESSION_STARTS: ReadonlySet<TokenKind> = new Set<TokenKind>([
  ...METRIC_NAMES,
  'number',
  'duration',
  'string',
  '(',
  '{',
  '+',
  '-',
]);

/** Kinds that may name a label in `by (…)` and its like. */
export const LABEL_NAMES: ReadonlySet<TokenKind> = new Set<TokenKind>([
  'identifier',
  'metric identifier',
  ...[...AGGREGATIONS, ...TIME_WORDS, ...KEYWORDS, ...WORD_OPERATORS].filter((word) => word !== 'without'),
]);

const OPEN_KINDS: ReadonlySet<TokenKind> = new Set<OpenKind>([
  'identifier',
  'metric identifier',
  'number',
  'duration',
  'string',
  'comment',
  'error',
]);

/** How an unexpected token is called in an error. */
export function describe(token: Token): string {
  if (token.kind === 'end of input') return token.kind;
  const shown = show(token);
  return OPEN_KINDS.has(token.kind) ? `${token.kind} ${shown}` : shown;
}

function show({ kind, text }: Token): string {
  if (kind === 'identifier' || kind === 'metric identifier') return quote(text);
  if (KEYWORDS.has(kind)) return `<${text}>`;
  if (OPERATORS.has(kind)) return `<op:${text}>`;
  if (AGGREGATIONS.has(kind)) return `<aggr:${text}>`;
  if (Buffer.byteLength(text) > 10) return `${quote([...text].slice(0, 10).join(''))}...`;
  return quote(text);
}
