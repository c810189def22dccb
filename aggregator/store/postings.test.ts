import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Labels } from '../../model/labels.ts';
import { Matcher, type MatchOperator, matchesAll } from '../../model/matcher.ts';
import { Postings } from './postings.ts';

const name = fc.constantFrom('a', 'b', 'c', 'absent');
const value = fc.constantFrom('', 'x', 'y', 'xy', 'x1', 'x2');
const pattern = fc.constantFrom('', 'x', 'x|y', 'x.*', '.+', '.*', 'x[12]|', '.*y', '(x|y)+', 'nothing');
const matcher = fc.oneof(
  fc
    .tuple(name, fc.constantFrom<MatchOperator>('=', '!='), value)
    .map(([label, operator, text]) => new Matcher(label, operator, text)),
  fc
    .tuple(name, fc.constantFrom<MatchOperator>('=~', '!~'), pattern)
    .map(([label, operator, text]) => new Matcher(label, operator, text)),
);
const labels = fc.record({ a: value, b: value, c: value }).map((pairs) => Labels.fromObject(pairs));

describe('Postings', () => {
  test('select() gives what a look at every series gives, in order of creation', () => {
    const input = fc.record({
      series: fc.array(labels, { maxLength: 40 }),
      removed: fc.array(fc.nat(39), { maxLength: 10 }),
      back: fc.array(fc.nat(39), { maxLength: 5 }),
      matchers: fc.array(matcher, { maxLength: 4 }),
    });
    fc.assert(
      fc.property(input, ({ series, removed, back, matchers }) => {
        const postings = new Postings((ref) => series[ref - 1]!);
        const present = new Set<number>();
        const add = (i: number) => {
          if (i >= series.length) return;
          postings.add(i + 1, series[i]!);
          present.add(i + 1);
        };
        series.forEach((_, i) => {
          add(i);
        });
        postings.removeAll(new Set(removed.map((i) => i + 1).filter((ref) => present.delete(ref))));
        back.forEach(add);
        const expected = [...present]
          .sort((a, b) => a - b)
          .filter((ref) => matchesAll(matchers, series[ref - 1]!));
        expect([...postings.select(matchers)]).toEqual(expected);
        expect(postings.size).toBe(present.size);
        const all = [...present].map((ref) => series[ref - 1]!);
        const names = new Set(all.flatMap((one) => [...one].map(([label]) => label)));
        expect(postings.names(() => true)).toEqual([...names].sort());
        expect(postings.values('a', () => true)).toEqual(
          [...new Set(all.map((one) => one.get('a')))].filter(Boolean).sort(),
        );
      }),
      { numRuns: 500 },
    );
  });

  test('a label value is looked at once, however many series have it', () => {
    const series = Array.from({ length: 1000 }, (_, i) => Labels.fromObject({ job: 'a', mode: `m${i % 4}` }));
    const postings = new Postings((ref) => series[ref - 1]!);
    series.forEach((one, i) => {
      postings.add(i + 1, one);
    });
    const mode = new Matcher('mode', '=~', 'm[01]');
    let looks = 0;
    const counting = Object.create(mode, {
      matches: {
        value: (text: string) => {
          looks++;
          return mode.matches(text);
        },
      },
    }) as Matcher;
    expect(postings.select([new Matcher('job', '=', 'a'), counting])).toHaveLength(500);
    // Four values, and the empty one to tell what kind of matcher it is.
    expect(looks).toBe(5);
  });
});
