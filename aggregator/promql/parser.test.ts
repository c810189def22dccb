import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkGoldens } from '../../test/conformance/promql-parser.ts';
import { sharedPath } from '../../test/shared.ts';
import { ParseError, type ParserOptions, parseExpr, parseMetricSelector, valueType } from './parser.ts';
import { prettyExpr, printExpr } from './print.ts';

const ALL_FEATURES: ParserOptions = {
  experimentalFunctions: true,
  extendedRangeSelectors: true,
  fillModifiers: true,
};

function errorOf(query: string, options?: ParserOptions): string {
  try {
    return `no error: ${printExpr(parseExpr(query, options))}`;
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    return error.message;
  }
}

describe.each(['promql-parser/parse_golden.jsonl', 'promqltest/golden.jsonl'])('goldens of %s', (name) => {
  const file = sharedPath('conformance', name);
  test.skipIf(file === undefined)('are met, every one (skipped without the shared goldens)', () => {
    expect(checkGoldens(file!)).toEqual([]);
  });
});

describe('parseExpr()', () => {
  test.each([
    // Signs bind looser than ^ and like *; literals take their sign.
    ['-1 ^ 2', '-1 ^ 2', 'unary'],
    ['-1 * 2', '-1 * 2', 'binary'],
    ['--1', '1', 'number'],
    ['a ^ b ^ c', 'a ^ b ^ c', 'binary'],
    // Modifiers bind tighter than signs and operators.
    ['-foo offset 5m', '-foo offset 5m', 'unary'],
    ['foo offset 5m ^ 2', 'foo offset 5m ^ 2', 'binary'],
    ['foo offset (5m ^ 2)', 'foo offset (5m ^ 2)', 'vectorSelector'],
    ['foo[5m] @ end() offset -1h', 'foo[5m] @ end() offset -1h', 'matrixSelector'],
    ['foo[90m:]', 'foo[1h30m:]', 'subquery'],
    ['foo[36h]', 'foo[1d12h]', 'matrixSelector'],
    // Words are keywords only where they act as one, in any case.
    ['offset{a="b"}[5m]', 'offset{a="b"}[5m]', 'matrixSelector'],
    ['SUM BY (by) (on_call)', 'sum by (by) (on_call)', 'aggregate'],
    ['foo AND ON() bar', 'foo and on () bar', 'binary'],
    ['fill + fill', 'fill + fill', 'binary'],
    // Numbers are Go's.
    ['010 + 08 + 0x1F + 1_000', '8 + 8 + 31 + 1000', 'binary'],
    [`${'0'.repeat(40)}17 + 0x_f`, '15 + 15', 'binary'],
    ['1h30m', '1h30m', 'number'],
    // UTF-8 names and escapes.
    ['{"my.metric", "l.x"=~"é|☺"}', '{"l.x"=~"é|☺",__name__="my.metric"}', 'vectorSelector'],
    [String.raw`'\x41\101\u0041\xff'`, String.raw`"AAA\xff"`, 'string'],
    [String.raw`{a="\xff"}`, String.raw`{a="\xff"}`, 'vectorSelector'],
    ['`raw \\n`', String.raw`"raw \\n"`, 'string'],
    ['up # and the rest is a comment', 'up', 'vectorSelector'],
  ])('reads %s', (query, printed, kind) => {
    const expr = parseExpr(query);
    expect(printExpr(expr)).toBe(printed);
    expect(expr.kind).toBe(kind);
  });

  test.each([
    ['', 'unknown position: parse error: no expression found in input'],
    ['sum(rate(http_requests_total[5m]) by (job)', '1:35: parse error: unexpected <by> in aggregation'],
    ['sum(rate(foo[5m])', '1:18: parse error: unclosed left parenthesis'],
    ['sum(foo bar)', '1:9: parse error: unexpected identifier "bar" in aggregation'],
    [
      'rate(foo)',
      '1:6: parse error: expected type range vector in call to function "rate", got instant vector',
    ],
    [
      'foo[5m] offset',
      '1:15: parse error: unexpected end of input in offset, expected number, duration, step(), or range()',
    ],
    ['foo{a="b"', '1:10: parse error: unexpected end of input inside braces'],
    ['{a=~".*"}', '1:1: parse error: vector selector must contain at least one non-empty matcher'],
    ['foo{a=~"("}', '1:5: parse error: error parsing regexp: missing closing ): `(`'],
    ['topk(5, foo,)', '1:12: parse error: trailing commas not allowed in function call args'],
    ['a + group_left(b) c', '1:5: parse error: unexpected <group_left>'],
    ['nosuch(foo)', '1:1: parse error: unknown function with name "nosuch"'],
    // Columns count bytes and lines begin anew.
    ['foo{a="é"} +\n  ) ', "2:4: parse error: unexpected right parenthesis ')'"],
    ['"é" + ', '1:8: parse error: unexpected end of input'],
    ['1 == 1', '1:3: parse error: comparisons between scalars must use BOOL modifier'],
    [
      '1e999',
      '1:1: parse error: error parsing number: strconv.ParseFloat: parsing "1e999": value out of range',
    ],
  ])('refuses %j as Prometheus does', (query, message) => {
    expect(errorOf(query)).toBe(message);
  });

  test.each([
    ['limitk(2, foo)', 'experimentalFunctions'],
    ['sort_by_label(foo, "a")', 'experimentalFunctions'],
    ['rate(foo[5m] smoothed)', 'extendedRangeSelectors'],
    ['foo + fill(0) bar', 'fillModifiers'],
  ] as const)('takes %s only with %s', (query, option) => {
    expect(errorOf(query)).toMatch(/not enabled|must be enabled/);
    expect(errorOf(query, { [option]: true })).toMatch(/^no error/);
  });

  test('takes arithmetic on durations unless it is switched off', () => {
    expect(errorOf('foo[5m * 2]')).toBe('no error: foo[5m * 2]');
    expect(errorOf('foo[5m * 2]', { durationExpressions: false })).toBe(
      '1:5: parse error: experimental duration expression is not enabled',
    );
  });

  test('settles vector matching: many-to-many for set operators, none with a scalar', () => {
    const matchingOf = (query: string) => {
      const expr = parseExpr(query);
      return expr.kind === 'binary' ? expr.matching?.cardinality : expr.kind;
    };
    expect(matchingOf('a or b')).toBe('many-to-many');
    expect(matchingOf('a + b')).toBe('one-to-one');
    expect(matchingOf('a * on (x) group_left () b')).toBe('many-to-one');
    expect(matchingOf('a + 1')).toBeUndefined();
  });

  test('gives byte positions', () => {
    expect(parseExpr('{a="é"} == bool foo').position).toEqual({ start: 0, end: 20 });
  });

  test.each([
    ['parentheses', `${'('.repeat(100_000)}1${')'.repeat(100_000)}`],
    ['signs', `${'-'.repeat(100_000)}foo`],
    ['a chain of operators', `foo${' + foo'.repeat(100_000)}`],
    ['subqueries', `foo${'[1m:]'.repeat(100_000)}`],
    ['durations', `foo[${'('.repeat(100_000)}1`],
    ['operators on durations', `foo[1${' + 1'.repeat(100_000)}]`],
  ])('refuses %s without end', (_, query) => {
    expect(errorOf(query)).toMatch(/nested more than \d+ levels deep|got matrix instead/);
  });

  test('takes a long chain of operators as tools write them', () => {
    const query = `{a="0"}${Array.from({ length: 500 }, (_, i) => ` or {a="${i}"}`).join('')}`;
    expect(printExpr(parseExpr(query))).toBe(query);
  });
});

describe('valueType()', () => {
  test.each([
    ['1', 'scalar'],
    ['1 + time()', 'scalar'],
    ['1 + foo', 'vector'],
    ['foo[5m]', 'matrix'],
    ['foo[5m:]', 'matrix'],
    ['"a"', 'string'],
    ['-(foo)', 'vector'],
  ])('of %s is %s', (query, type) => {
    expect(valueType(parseExpr(query))).toBe(type);
  });
});

describe('parseMetricSelector()', () => {
  test.each([
    ['up', '__name__="up"'],
    ['up{job="a",}', 'job="a",__name__="up"'],
    ['{__name__=~"a.*"}', '__name__=~"a.*"'],
    ['{}', ''],
  ])('of %s', (selector, matchers) => {
    expect(parseMetricSelector(selector).join(',')).toBe(matchers);
  });

  test.each([
    ['', 'unknown position: parse error: unexpected end of input'],
    ['sum(up)', '1:4: parse error: unexpected "("'],
    ['up[5m]', '1:3: parse error: unexpected "["'],
    ['{job=a}', '1:6: parse error: unexpected identifier "a" in label matching, expected string'],
  ])('refuses %j', (selector, message) => {
    expect(() => parseMetricSelector(selector)).toThrow(message);
  });
});

describe('prettyExpr()', () => {
  test('splits what is longer than a line, at each level', () => {
    const query =
      'sum by (namespace, pod, container) (rate(container_cpu_usage_seconds_total{namespace="karmada-system"}[5m])) / 2';
    expect(prettyExpr(parseExpr(query))).toBe(
      `  sum by (namespace, pod, container) (
    rate(container_cpu_usage_seconds_total{namespace="karmada-system"}[5m])
  )
/
  2`,
    );
  });
});

describe('any input', () => {
  const words = [
    'foo',
    'a:b',
    '1',
    '5m',
    '0x1F',
    '"x"',
    "'",
    '`',
    '(',
    ')',
    '{',
    '}',
    '[',
    ']',
    ',',
    '=',
    '+',
    '-',
    '*',
    '/',
    '^',
    '==',
    'and',
    'or',
    'atan2',
    '=~',
    '@',
    'offset',
    'sum',
    'topk',
    'by',
    'without',
    'on',
    'ignoring',
    'group_left',
    'bool',
    'fill',
    'start',
    'step',
    'max_of',
    'anchored',
    'rate',
    'info',
    ':',
    '</',
    '{a="b"}',
    '[5m]',
    '[5m:1m]',
    'step()',
    '(foo)',
    '\n',
    '#',
    '\\',
    'é',
    '\ud800',
    '\u0000',
  ];
  const query = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc.array(fc.constantFrom(...words), { maxLength: 12 }).map((parts) => parts.join(' ')),
    fc.array(fc.constantFrom(...words), { maxLength: 12 }).map((parts) => parts.join('')),
  );

  test('is a tree or a ParseError, and a tree prints as a query of the same tree', () => {
    fc.assert(
      fc.property(query, (text) => {
        let printed: string;
        try {
          printed = printExpr(parseExpr(text, ALL_FEATURES));
        } catch (error) {
          expect(error).toBeInstanceOf(ParseError);
          return;
        }
        expect(printExpr(parseExpr(printed, ALL_FEATURES))).toBe(printed);
      }),
      { numRuns: 20_000 },
    );
  });
});
