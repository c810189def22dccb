import { expect, test } from 'vitest';
import { Labels } from '../../model/labels.ts';
import { type Matcher, matchesAll } from '../../model/matcher.ts';
import { setStale } from '../../model/sample.ts';
import { ManualClock } from '../../runtime/clock.ts';
import type { Engine, SelectHints, SeriesData } from '../engine/engine.ts';
import { federate } from './federate.ts';
import { Parameters } from './parameters.ts';

const NOW_MS = 1_000_000;
const series = (labels: Record<string, string>, value: number, timestampMs = NOW_MS - 1000): SeriesData => ({
  labels: Labels.fromObject(labels),
  timestamps: Float64Array.of(timestampMs - 15_000, timestampMs),
  values: Float64Array.of(0, value),
});
const gone = series({ __name__: 'up', instance: 'gone' }, 1);
setStale(gone.values, 1);
const DATA = [
  series({ __name__: 'up', instance: 'n1', job: 'node' }, 1),
  series({ __name__: 'build.info', 'k8s.cluster': 'eu' }, 1_234_567),
  series({ __name__: 'temp', path: 'a"b\\c\nd' }, Number.NEGATIVE_INFINITY),
  gone,
  series({ job: 'nameless' }, 1),
  series({ __name__: 'up', instance: 'n0' }, -0),
];

const asked: SelectHints[] = [];
const engine = {
  select: async (matchers: readonly Matcher[], hints: SelectHints) => {
    asked.push(hints);
    return DATA.filter(({ labels }) => matchesAll(matchers, labels));
  },
} as unknown as Engine;

async function scrape(matches: readonly string[], accept = '') {
  const url = new URLSearchParams(matches.map((match) => ['match[]', match]));
  const request = { parameters: new Parameters(url), path: {}, accept, signal: new AbortController().signal };
  const { contentType, text } = await federate({ engine, clock: new ManualClock(NOW_MS) }, request);
  return `${contentType}\n${[...text].join('')}`;
}

test('the newest samples of the last five minutes, once each, by name; stale and nameless ones are left out', async () => {
  expect(await scrape(['up', '{__name__=~"up|temp"}', '{job=~".+"}'])).toBe(
    `text/plain; version=0.0.4; charset=utf-8; escaping=underscores
# TYPE temp untyped
temp{path="a\\"b\\\\c\\nd",instance=""} -Inf 999000
# TYPE up untyped
up{instance="n1",job="node"} 1 999000
up{instance="n0"} -0 999000
`,
  );
  expect(asked[0]).toEqual({ startMs: NOW_MS - 300_000, endMs: NOW_MS });
});

test('names with other characters are quoted for who takes them, and underscores for others', async () => {
  expect(await scrape(['{"build.info"}'])).toContain(
    '# TYPE build_info untyped\nbuild_info{k8s_cluster="eu",instance=""} 1.234567e+06 999000\n',
  );
  expect(await scrape(['{"build.info"}'], 'text/plain;version=1.0.0;escaping=allow-utf-8')).toContain(
    '# TYPE "build.info" untyped\n{"build.info","k8s.cluster"="eu",instance=""} 1.234567e+06 999000\n',
  );
});

test('no selector selects nothing; one that selects everything, or is wrong, is refused', async () => {
  expect((await scrape([])).split('\n').slice(1)).toEqual(['']);
  await expect(scrape(['{a=~".*"}'])).rejects.toThrow('match[] must contain at least one non-empty matcher');
  await expect(scrape(['up['])).rejects.toThrow('parse error');
});
