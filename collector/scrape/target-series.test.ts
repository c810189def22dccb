import { describe, expect, test } from 'vitest';
import { Labels } from '../../model/labels.ts';
import { RelabelRule } from '../../model/relabel.ts';
import type { FamilyMetadata } from '../../model/remote-write.ts';
import { isStale } from '../../model/sample.ts';
import { BatchBuilder } from './batch.ts';
import { reportLabels } from './sample-labels.ts';
import { TargetSeries, type TargetSeriesOptions } from './target-series.ts';

describe('TargetSeries', () => {
  test('joins what the target shows with its own labels, in page order', () => {
    const target = targetOf();
    expect(target.scrape('# TYPE a counter\na{x="1"} 1\nb 2.5\n', 10)).toEqual({
      samples: ['a{instance="i",job="j",x="1"} 1 @10', 'b{instance="i",job="j"} 2.5 @10'],
      counts: { scraped: 2, kept: 2, added: 2 },
    });
    expect(target.scrape('a{x="1"} 3\nb 4\nc 5\n', 20)).toEqual({
      samples: [
        'a{instance="i",job="j",x="1"} 3 @20',
        'b{instance="i",job="j"} 4 @20',
        'c{instance="i",job="j"} 5 @20',
      ],
      counts: { scraped: 3, kept: 3, added: 1 },
    });
  });

  test('gives the same Labels object for the same series', () => {
    const { series } = targetOf();
    const batches = [new BatchBuilder(1), new BatchBuilder(1)];
    for (const [i, batch] of batches.entries()) series.scrape(Buffer.from('a 1\n'), i, batch);
    expect(batches[0]!.build().series[0]).toBe(batches[1]!.build().series[0]);
  });

  test('marks a series that vanished, once', () => {
    const target = targetOf({ targetLabels: Labels.empty });
    target.scrape('a 1\nb 1\n', 10);
    expect(target.scrape('b 2\n', 20).samples).toEqual(['b 2 @20', 'a stale @20']);
    expect(target.scrape('b 3\n', 30).samples).toEqual(['b 3 @30']);
    expect(target.scrape('a 4\nb 4\n', 40)).toEqual({
      samples: ['a 4 @40', 'b 4 @40'],
      counts: { scraped: 2, kept: 2, added: 1 },
    });
  });

  test('marks all series when a scrape fails, and counts none as new when they return', () => {
    const target = targetOf({ targetLabels: Labels.empty });
    target.scrape('a 1\nb 1\n', 10);
    expect(target.scrape(undefined, 20)).toEqual({
      samples: ['a stale @20', 'b stale @20'],
      counts: { scraped: 0, kept: 0, added: 0 },
    });
    expect(target.scrape(undefined, 30).samples).toEqual([]);
    expect(target.scrape('a 2\nb 2\n', 40)).toEqual({
      samples: ['a 2 @40', 'b 2 @40'],
      counts: { scraped: 2, kept: 2, added: 0 },
    });
  });

  test('takes a page with a broken line for a failed scrape, what stands before it included', () => {
    const target = targetOf({ targetLabels: Labels.empty });
    target.scrape('a 1\nb 1\n', 10);
    const broken = target.scrape('a 2\nc 2\nb\n', 20);
    expect(broken).toEqual({
      samples: ['a stale @20', 'b stale @20'],
      counts: { scraped: 2, kept: 2, added: 1 },
      error: 'line 3: expected value after metric, got "\\n" ("INVALID") while parsing: "b\\n"',
    });
    expect(target.scrape('a 3\n', 30).samples).toEqual(['a 3 @30']);
  });

  test('reads on after pages that were new and broken each time', () => {
    const target = targetOf({ targetLabels: Labels.empty });
    target.scrape('a 1\n', 1);
    for (let time = 2; time <= 10; time++) {
      const page = Array.from(
        { length: 2_000 },
        (_, i) => `# TYPE t${time}_${i} gauge\na{id="${time}-${i}"} 1\n`,
      );
      target.scrape(`${page.join('')}broken\n`, time);
    }
    expect(target.scrape('a 2\n', 11)).toEqual({
      samples: ['a 2 @11'],
      counts: { scraped: 1, kept: 1, added: 0 },
    });
  });

  test('keeps the first of two samples of one series, however it is written', () => {
    const target = targetOf({ targetLabels: Labels.empty });
    const page = 'a{x="1",y="2"} 1\na{x="1",y="2"} 2\na{y="2",x="1"} 3\n';
    expect(target.scrape(page, 10)).toEqual({
      samples: ['a{x="1",y="2"} 1 @10'],
      counts: { scraped: 3, kept: 3, added: 1 },
    });
    expect(target.scrape(page, 20).samples).toEqual(['a{x="1",y="2"} 1 @20']);
    expect(target.rejected).toEqual(['duplicate', 'duplicate', 'duplicate', 'duplicate']);
  });

  test('keeps timestamps of the target, which never go stale', () => {
    const target = targetOf({ targetLabels: Labels.empty });
    expect(target.scrape('a 1 7\na 2 8\nb 1\n', 10).samples).toEqual(['a 1 @7', 'a 2 @8', 'b 1 @10']);
    expect(target.scrape('a 2 8\nb 2\n', 20).samples, 'not renewed').toEqual(['b 2 @20']);
    expect(target.scrape('a 1 5\na 1 700000\nb 3\n', 30).samples).toEqual(['b 3 @30']);
    expect(target.scrape(undefined, 40).samples).toEqual(['b stale @40']);
    expect(target.rejected).toEqual(['out_of_order', 'future']);
  });

  test('sends a timestamped sample again that was lost with a broken page', () => {
    const target = targetOf({ targetLabels: Labels.empty });
    target.scrape('a 1 7\nbroken\n', 10);
    expect(target.scrape('a 1 7\n', 20).samples).toEqual(['a 1 @7']);
  });

  test('ignores timestamps, or lets their series go stale, where the config says so', () => {
    const ignoring = targetOf({ targetLabels: Labels.empty, honorTimestamps: false });
    expect(ignoring.scrape('a 1 7\n', 10).samples).toEqual(['a 1 @10']);
    const tracking = targetOf({ targetLabels: Labels.empty, trackTimestampsStaleness: true });
    tracking.scrape('a 1 7\n', 10);
    expect(tracking.scrape('b 1\n', 20).samples).toEqual(['b 1 @20', 'a stale @20']);
  });

  test('lets no page say what its scrape was like', () => {
    const target = targetOf();
    expect(target.scrape('up 5\nup{x="1"} 6\n', 10).samples).toEqual([
      'up{instance="i",job="j",x="1"} 6 @10',
    ]);
    expect(target.rejected).toEqual(['duplicate']);
    expect(target.scrape(undefined, 20).samples).toEqual(['up{instance="i",job="j",x="1"} stale @20']);
  });

  test('renames what conflicts with our labels, or lets it win with honor_labels', () => {
    const page = 'a{job="x",exported_job="y",instance=""} 1\n';
    expect(targetOf().scrape(page, 10).samples).toEqual([
      'a{exported_exported_job="x",exported_job="y",instance="i",job="j"} 1 @10',
    ]);
    expect(targetOf({ honorLabels: true }).scrape(page, 10).samples).toEqual([
      'a{exported_job="y",job="x"} 1 @10',
    ]);
  });

  test('relabels and drops once per series, and counts what is left', () => {
    const rules = [
      new RelabelRule({ action: 'drop', source_labels: ['__name__'], regex: 'go_.*' }),
      new RelabelRule({ action: 'labeldrop', regex: 'pod' }),
    ];
    const target = targetOf({ targetLabels: Labels.empty, rules });
    for (const time of [10, 20])
      expect(target.scrape('go_threads 1\na{pod="p"} 2\n', time)).toEqual({
        samples: [`a 2 @${time}`],
        counts: { scraped: 2, kept: 1, added: time === 10 ? 1 : 0 },
      });
  });

  test('fails the scrape at the sample limit, and says how many there were', () => {
    const target = targetOf({ targetLabels: Labels.empty, sampleLimit: 1 });
    target.scrape('a 1\n', 10);
    expect(target.scrape('a 1\nb 1\nc 1\n', 20)).toMatchObject({
      samples: ['a stale @20'],
      counts: { scraped: 3, kept: 3 },
      error: 'sample_limit exceeded: 3 samples after relabeling, the limit is 1',
    });
  });

  test.each([
    ['{""} 1\n', 'line 1: missing metric name (__name__ label)'],
    ['a 1\na{b="1",b="2"} 1\n', 'line 2: label name "b" is not unique'],
    ['{"a",""="2"} 1\n', 'line 1: invalid metric name or label names: a label name is empty'],
  ])('refuses %j', (page, error) => {
    expect(targetOf().scrape(page, 10)).toMatchObject({ samples: [], error });
  });

  test('tells metadata once, and again when it changes', () => {
    const target = targetOf();
    target.scrape('# HELP a One.\n# TYPE a counter\na 1\n# TYPE b gauge\nb 1\n', 10);
    target.scrape('# HELP a One.\n# TYPE a counter\na 1\n# TYPE b gauge\nb 1\n', 20);
    target.scrape('# HELP a Two.\n# TYPE a counter\na 1\n', 30);
    expect(target.metadata).toEqual([
      { family: 'a', type: 'counter', help: 'One.', unit: '' },
      { family: 'b', type: 'gauge', help: '', unit: '' },
      { family: 'a', type: 'counter', help: 'Two.', unit: '' },
    ]);
  });

  test('forgets what churned away, and goes on without a gap', () => {
    const target = targetOf({ targetLabels: Labels.empty });
    for (let time = 1; time <= 20; time++) {
      const page = Array.from({ length: 500 }, (_, i) => `a{id="${time}-${i}"} 1\n`).join('');
      const { counts, samples } = target.scrape(`${page}steady 1\n`, time);
      expect(counts.added).toBe(time === 1 ? 501 : 500);
      expect(samples.filter((sample) => sample.includes('stale')).length).toBe(time === 1 ? 0 : 500);
    }
  });
});

const TARGET_LABELS = Labels.fromObject({ job: 'j', instance: 'i' });

function targetOf(options: Partial<TargetSeriesOptions> = {}) {
  const rejected: string[] = [];
  const metadata: FamilyMetadata[] = [];
  const series = new TargetSeries({
    targetLabels: TARGET_LABELS,
    reports: reportLabels(options.targetLabels ?? TARGET_LABELS),
    honorLabels: false,
    honorTimestamps: true,
    trackTimestampsStaleness: false,
    rules: [],
    sampleLimit: 0,
    onRejected: (reason) => rejected.push(reason),
    ...options,
  });
  const scrape = (page: string | undefined, slotMs: number) => {
    const batch = new BatchBuilder(1);
    const { counts, error } = series.scrape(page === undefined ? page : Buffer.from(page), slotMs, batch);
    metadata.push(...batch.build().metadata);
    const outcome = { samples: shown(batch), counts };
    return error === undefined ? outcome : { ...outcome, error: (error as Error).message };
  };
  return { series, scrape, rejected, metadata };
}

function shown(builder: BatchBuilder): string[] {
  const { series, values, timestamps, length } = builder.build();
  return Array.from({ length }, (_, i) => {
    const labels = series[i]!;
    const rest = labels.without('__name__');
    const text = Array.from(rest, ([name, value]) => `${name}="${value}"`).join(',');
    const value = isStale(values, i) ? 'stale' : values[i];
    return `${labels.metricName}${text === '' ? '' : `{${text}}`} ${value} @${timestamps[i]}`;
  });
}
