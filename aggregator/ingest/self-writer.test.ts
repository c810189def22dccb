import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { beforeEach, describe, expect, test } from 'vitest';
import { Labels } from '../../model/labels.ts';
import { isStale, type SampleColumns } from '../../model/sample.ts';
import { ManualClock } from '../../runtime/clock.ts';
import { createLogger } from '../../runtime/logger.ts';
import { type Appender, type AppendOutcome, StorageUnavailable } from '../engine/engine.ts';
import { processSource, type SelfSample, SelfWriter } from './self-writer.ts';

/** Writes down what is appended, as one reads it: `a{cluster="hub"} 1 @15000`. */
class RecordingAppender implements Appender {
  readonly lines: string[] = [];
  readonly metadata: string[] = [];
  failing = false;
  readonly #series: Labels[] = [];

  ref(labels: Labels): number {
    const known = this.#series.findIndex((other) => other.equals(labels));
    return known < 0 ? this.#series.push(labels) - 1 : known;
  }

  async append({ series, values, timestamps, length }: SampleColumns<number>): Promise<AppendOutcome> {
    if (this.failing) throw new StorageUnavailable('Cannot append: no space left');
    for (let i = 0; i < length; i++) {
      const labels = this.#series[series[i]!]!;
      const value = isStale(values, i) ? 'stale' : values[i];
      this.lines.push(`${labels.metricName}${labels.without('__name__')} ${value} @${timestamps[i]}`);
    }
    return {
      appended: length,
      rejected: { duplicate_timestamp: 0, too_old: 0, too_far_in_future: 0 },
      firstRejection: undefined,
    };
  }

  setMetadata(cluster: string, family: string, { type, help }: { type: string; help: string }): void {
    this.metadata.push(`${cluster} ${family} ${type}: ${help}`);
  }

  take(): string[] {
    return this.lines.splice(0);
  }
}

let appender: RecordingAppender;
beforeEach(() => {
  appender = new RecordingAppender();
});

describe('SelfWriter', () => {
  const start = 1_000;
  let clock: ManualClock;
  let said: SelfSample[];
  let writer: SelfWriter;
  beforeEach(() => {
    clock = new ManualClock(start);
    said = [];
    writer = new SelfWriter({
      appender,
      stamp: (labels) => labels.with({ cluster: 'hub' }),
      sources: [() => said],
      clock,
      logger: createLogger('silent'),
    });
  });
  const sample = (name: string, value: number) => ({ labels: Labels.fromObject({ __name__: name }), value });

  test('writes everything on the grid of slots, stamped', async () => {
    said = [sample('a', 1), sample('b', Number.NaN)];
    writer.start();
    await clock.advance(13_999);
    expect(appender.take()).toEqual([]);
    await clock.advance(1);
    expect(appender.take()).toEqual(['a{cluster="hub"} 1 @15000', 'b{cluster="hub"} NaN @15000']);
    await clock.advance(15_000);
    expect(appender.take()).toEqual(['a{cluster="hub"} 1 @30000', 'b{cluster="hub"} NaN @30000']);
    await writer.stop();
    await clock.advance(60_000);
    expect(appender.take()).toEqual([]);
  });

  test('ends a series that is no longer said with one stale marker', async () => {
    said = [sample('a', 1), sample('b', 2)];
    await writer.write(15_000);
    said = [sample('b', 3)];
    await writer.write(30_000);
    await writer.write(45_000);
    expect(appender.take().slice(2)).toEqual([
      'b{cluster="hub"} 3 @30000',
      'a{cluster="hub"} stale @30000',
      'b{cluster="hub"} 3 @45000',
    ]);
  });

  test('writes the marker later when the slot could not be stored, and goes on', async () => {
    said = [sample('a', 1)];
    await writer.write(15_000);
    said = [];
    appender.failing = true;
    writer.start();
    await clock.advance(14_000);
    appender.failing = false;
    await clock.advance(15_000);
    expect(appender.take()).toEqual(['a{cluster="hub"} 1 @15000', 'a{cluster="hub"} stale @30000']);
    await writer.stop();
  });
});

test('processSource() gives every series of the /metrics page, with job and instance and Prometheus 3 floats', async () => {
  const registry = new Registry();
  new Counter({ name: 'x_total', help: 'Xs.', labelNames: ['path'], registers: [registry] }).inc(
    { path: '/' },
    2,
  );
  new Gauge({ name: 'y', help: 'Y.', registers: [registry] }).set(-1);
  new Histogram({ name: 'z_seconds', help: 'Z.', buckets: [0.5, 1], registers: [registry] }).observe(0.7);
  const source = processSource(registry, { job: 'hub', instance: 'h:1', appender, cluster: 'karmada-host' });
  await source();
  const lines = Array.from(await source(), ({ labels, value }) => {
    const rest = labels.without('__name__', 'job', 'instance');
    return `${labels.get('job')} ${labels.get('instance')} ${labels.metricName}${rest} ${value}`;
  });
  expect(lines).toEqual([
    'hub h:1 x_total{path="/"} 2',
    'hub h:1 y{} -1',
    'hub h:1 z_seconds_bucket{le="0.5"} 0',
    'hub h:1 z_seconds_bucket{le="1.0"} 1',
    'hub h:1 z_seconds_bucket{le="+Inf"} 1',
    'hub h:1 z_seconds_sum{} 0.7',
    'hub h:1 z_seconds_count{} 1',
  ]);
  expect(appender.metadata).toEqual([
    'karmada-host x_total counter: Xs.',
    'karmada-host y gauge: Y.',
    'karmada-host z_seconds histogram: Z.',
  ]);
});
