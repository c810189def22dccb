import { QueryError, type QueryResult } from '../../aggregator/engine/engine.ts';
import { almostEqual } from '../../aggregator/promql/classic-quantile.ts';
import { PromqlEngine, type PromqlEngineOptions } from '../../aggregator/promql/engine.ts';
import { copyHistogram } from '../../aggregator/promql/native-histogram.ts';
import { compact } from '../../aggregator/promql/native-layout.ts';
import type { FloatHistogram } from '../../model/histogram.ts';
import { Labels } from '../../model/labels.ts';
import { applyCommand } from './promqltest.ts';
import { type EvalCommand, type Expectation, parseScript } from './script.ts';
import { ScriptStorage } from './script-storage.ts';
import type { Point } from './series-notation.ts';

/** Relative error that the scripts allow. */
const EPSILON = 1e-6;

type Sample = number | FloatHistogram;
type Answer = { readonly labels: Labels; readonly samples: ReadonlyMap<number, Sample> }[];

/** Runs a script against the expectations it states itself: one text for each that is not met. */
export async function checkScript(text: string, options: PromqlEngineOptions): Promise<string[]> {
  const storage = new ScriptStorage();
  const engine = new PromqlEngine(storage, options);
  const failed: string[] = [];
  for (const command of parseScript(text)) {
    if (command.kind !== 'eval') {
      applyCommand(command, storage);
      continue;
    }
    for (const problem of await checkEval(command, engine))
      failed.push(`line ${command.line}: ${command.query}: ${problem}`);
  }
  return failed;
}

async function checkEval(command: EvalCommand, engine: PromqlEngine): Promise<string[]> {
  const { signal } = new AbortController();
  const { query, startMs, endMs, stepMs } = command;
  const fail = command.expectations.find(({ kind }) => kind === 'fail');
  let result: QueryResult;
  try {
    result =
      stepMs === 0
        ? await engine.instant({ query, timeMs: startMs }, signal)
        : await engine.range({ query, startMs, endMs, stepMs }, signal);
  } catch (error) {
    if (!(error instanceof QueryError)) throw error;
    if (!fail) return [`failed: ${error.message}`];
    return matches(fail, error.message) ? [] : [`failed with another text: ${error.message}`];
  }
  if (fail) return ['should have failed'];
  const problems = [
    ...checkRemarks(command.expectations, 'warn', 'no_warn', result.warnings),
    ...checkRemarks(command.expectations, 'info', 'no_info', result.infos),
    ...checkResult(command, result),
  ];
  return stepMs === 0 ? [...problems, ...(await checkAsRange(command, engine))] : problems;
}

/** The same instant in the middle of a range has the same value. */
async function checkAsRange(command: EvalCommand, engine: PromqlEngine): Promise<string[]> {
  const { query, startMs: timeMs, ordered, expected } = command;
  if (ordered || (expected.kind !== 'series' && expected.kind !== 'scalar')) return [];
  if (/\b(start|end|range|step)\(\)/i.test(query)) return [];
  const { signal } = new AbortController();
  const stepMs = 60_000;
  const times = { startMs: timeMs - stepMs, endMs: timeMs + stepMs, stepMs };
  const { value } = await engine.range({ query, ...times }, signal);
  const middle = answerOf({ value, warnings: [], infos: [] })
    .map(({ labels, samples }) => ({
      labels,
      samples: new Map([...samples].filter(([at]) => at === timeMs)),
    }))
    .filter(({ samples }) => samples.size > 0);
  return compareAnswers(expectedAnswer(command), middle).map((problem) => `as a range: ${problem}`);
}

function checkRemarks(
  expectations: readonly Expectation[],
  kind: 'warn' | 'info',
  none: 'no_warn' | 'no_info',
  remarks: readonly string[],
): string[] {
  const wanted = expectations.filter((expectation) => expectation.kind === kind);
  if (expectations.some((expectation) => expectation.kind === none) && remarks.length > 0)
    return [`unexpected: ${remarks.join('; ')}`];
  if (wanted.length === 0) return [];
  const unmet = wanted.filter((expectation) => !remarks.some((remark) => matches(expectation, remark)));
  const unexpected = remarks.filter((remark) => !wanted.some((expectation) => matches(expectation, remark)));
  return [
    ...unmet.map((expectation) => `no such ${kind}: ${expectation.message ?? expectation.pattern ?? 'any'}`),
    ...unexpected.map((remark) => `unexpected: ${remark}`),
  ];
}

function matches({ message, pattern }: Expectation, text: string): boolean {
  if (message !== undefined) return message === text;
  return pattern?.test(text) ?? true;
}

function checkResult(command: EvalCommand, result: QueryResult): string[] {
  const { expected, ordered } = command;
  const { value } = result;
  if (expected.kind === 'string')
    return value.type === 'string' && value.value === expected.value ? [] : [`got ${JSON.stringify(value)}`];
  const got = answerOf(result);
  const want = expectedAnswer(command);
  if (
    ordered &&
    got.map(({ labels }) => labels.key).join('\n') !== want.map(({ labels }) => labels.key).join('\n')
  )
    return [`in another order: ${got.map(({ labels }) => labels).join(' ')}`];
  return compareAnswers(want, got);
}

function compareAnswers(want: Answer, got: Answer): string[] {
  const problems: string[] = [];
  const left = new Map(got.map((series) => [series.labels.key, series]));
  for (const { labels, samples } of want) {
    const series = left.get(labels.key);
    left.delete(labels.key);
    if (!series) problems.push(`missing ${labels}`);
    else if (series.samples.size !== samples.size)
      problems.push(`${labels} has ${series.samples.size} samples, not ${samples.size}`);
    else
      for (const [timeMs, sample] of samples) {
        const other = series.samples.get(timeMs);
        if (other === undefined || !sameSample(sample, other))
          problems.push(`${labels} is ${JSON.stringify(other)} at ${timeMs}, not ${JSON.stringify(sample)}`);
      }
  }
  for (const { labels } of left.values()) problems.push(`unexpected ${labels}`);
  return problems;
}

function sameSample(want: Sample, got: Sample): boolean {
  if (typeof want === 'number' || typeof got === 'number')
    return typeof want === 'number' && typeof got === 'number' && almostEqual(want, got, EPSILON);
  const a = compact(copyHistogram(want));
  const b = compact(copyHistogram(got));
  const close = (x: readonly number[], y: readonly number[]) =>
    x.length === y.length && x.every((value, i) => almostEqual(value, y[i]!, EPSILON));
  return (
    a.schema === b.schema &&
    a.zeroThreshold === b.zeroThreshold &&
    close([a.count, a.sum, a.zeroCount], [b.count, b.sum, b.zeroCount]) &&
    JSON.stringify([a.positiveSpans, a.negativeSpans, a.customValues]) ===
      JSON.stringify([b.positiveSpans, b.negativeSpans, b.customValues]) &&
    close(a.positiveBuckets, b.positiveBuckets) &&
    close(a.negativeBuckets, b.negativeBuckets)
  );
}

function answerOf({ value }: QueryResult): Answer {
  switch (value.type) {
    case 'scalar':
      return [{ labels: Labels.empty, samples: new Map([[value.timestampMs, value.value]]) }];
    case 'vector':
      return value.samples.map(({ labels, timestampMs, value: number, histogram }) => ({
        labels,
        samples: new Map([[timestampMs, histogram ?? number]]),
      }));
    case 'matrix':
      return value.series.map(({ labels, timestamps, values, histograms }) => ({
        labels,
        samples: new Map(Array.from(timestamps, (timeMs, i) => [timeMs, histograms?.[i] ?? values[i]!])),
      }));
    default:
      throw new Error(`BUG: ${value.type} has no samples`);
  }
}

function expectedAnswer({ expected, startMs, stepMs }: EvalCommand): Answer {
  if (expected.kind === 'scalar')
    return [{ labels: Labels.empty, samples: new Map([[startMs, expected.value]]) }];
  if (expected.kind === 'string') throw new Error('BUG: a string has no samples');
  const firstMs = expected.kind === 'range vector' ? expected.startMs : startMs;
  const distanceMs = expected.kind === 'range vector' ? expected.stepMs : stepMs;
  return expected.series.map(({ labels, points }) => ({
    labels,
    samples: new Map(
      points.flatMap((point, i): [number, Sample][] =>
        point === undefined ? [] : [[firstMs + i * distanceMs, sampleOf(point)]],
      ),
    ),
  }));
}

function sampleOf(point: Exclude<Point, undefined>): Sample {
  if (point === 'stale') throw new Error('Cannot expect a stale marker: answers have none');
  return typeof point === 'number' ? point : point.histogram;
}
