import { expect, test } from 'vitest';
import { comparable, knownDifferences, readAnswer, withoutDuplicatePair } from './answer-comparison.ts';

const vector = (...samples: string[]) =>
  readAnswer(200, `{"status":"success","data":{"resultType":"vector","result":[${samples}]}}`);
const EU = '{"metric":{"c":"eu"},"value":[1.5,"2"]}';
const US = '{"metric":{"c":"us"},"value":[1.5,"1"]}';

test('the order of a vector does not count, unless the query sorts it', () => {
  expect(comparable(vector(EU, US), 'temp')).toBe(comparable(vector(US, EU), 'temp'));
  expect(comparable(vector(EU, US), 'sort(temp)')).not.toBe(comparable(vector(US, EU), 'sort(temp)'));
});

test('each byte of a number counts, and each label', () => {
  const base = comparable(vector(EU), 'temp');
  expect(comparable(vector(EU.replace('1.5', '1.50')), 'temp')).not.toBe(base);
  expect(comparable(vector(EU.replace('"2"', '"2.0"')), 'temp')).not.toBe(base);
  expect(comparable(vector(EU.replace('"eu"', '"EU"')), 'temp')).not.toBe(base);
});

const warned = (text: string) => ({ ...vector(EU), warnings: [text] });
const LE = 'PromQL warning: bucket label "le" is missing or has a malformed value of ""';

test('a known form explains its own difference and no other', () => {
  const query = 'histogram_quantile(1, big)';
  const theirs = warned(`${LE} for metric name "big" (1:23)`);
  expect(knownDifferences(theirs, warned(`${LE} (1:23)`), query)).toEqual([
    expect.stringContaining('#16794'),
  ]);
  expect(knownDifferences(theirs, warned(`${LE} (1:24)`), query)).toEqual([]);
  expect(knownDifferences(theirs, { ...warned(`${LE} (1:23)`), ...vector(US) }, query)).toEqual([]);
});

const duplicates = (pair: string) => ({
  status: 422,
  error: `found duplicate series for the match group {} on the right hand-side of the operation: [${pair}];many-to-many matching not allowed`,
});

test('of a pair of duplicate series only the order is open between versions', () => {
  const theirs = duplicates('{c="us", i="1"}, {c="eu", i="1"}');
  expect(knownDifferences(theirs, duplicates('{c="eu", i="1"}, {c="us", i="1"}'), 'a * b')).toHaveLength(1);
  const other = duplicates('{c="ap", i="1"}, {c="us", i="1"}');
  expect(knownDifferences(theirs, other, 'a * b')).toEqual([]);
  expect(withoutDuplicatePair(theirs)).toEqual(withoutDuplicatePair(other));
});

test('what a newer version refuses is known only where the older one answers, and in its form', () => {
  const error = 'multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)';
  expect(knownDifferences(vector(), { status: 422, error }, 'a == on (c) b')).toEqual([
    expect.stringContaining('#17668'),
  ]);
  expect(knownDifferences(vector(), { status: 422, error }, 'a + on (c) b')).toEqual([]);
  expect(knownDifferences({ status: 422, error: 'other' }, { status: 422, error }, 'a == b')).toEqual([]);
});
