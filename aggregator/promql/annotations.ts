import { quote } from '../../model/labels.ts';
import type { PositionRange } from './ast.ts';
import { formatShortest, formatSignificant } from './go-number.ts';
import { startOf } from './parse-error.ts';

export type AnnotationLevel = 'warning' | 'info';

/** A remark on an answer. Remarks with the same message are one, whatever their positions. */
export interface Annotation {
  readonly level: AnnotationLevel;
  readonly message: string;
  readonly position: PositionRange;
  /** What is counted over all remarks of this message, and how it is said. */
  readonly detail?: AnnotationDetail;
}

export interface AnnotationDetail {
  merge(earlier: AnnotationDetail): AnnotationDetail;
  toString(): string;
}

/** What an evaluation has to say besides its answer, as Prometheus' API says it. */
export class Annotations {
  readonly #byMessage = new Map<string, Annotation>();

  /** The position shown is that of the last remark, as the reference has it. */
  add(annotation: Annotation): void {
    const earlier = this.#byMessage.get(annotation.message);
    if (earlier?.detail && annotation.detail)
      this.#byMessage.set(annotation.message, {
        ...earlier,
        detail: annotation.detail.merge(earlier.detail),
      });
    else this.#byMessage.set(annotation.message, annotation);
  }

  /** Texts with `(line:column)` of the query. */
  render(query: string): { warnings: string[]; infos: string[] } {
    const rendered = { warnings: [] as string[], infos: [] as string[] };
    for (const { level, message, position, detail } of this.#byMessage.values()) {
      const text = `PromQL ${level}: ${message}${detail ?? ''} (${startOf(query, position)})`;
      (level === 'warning' ? rendered.warnings : rendered.infos).push(text);
    }
    return rendered;
  }
}

function warning(message: string, position: PositionRange, detail?: AnnotationDetail): Annotation {
  return { level: 'warning', message, position, ...(detail && { detail }) };
}

function info(message: string, position: PositionRange, detail?: AnnotationDetail): Annotation {
  return { level: 'info', message, position, ...(detail && { detail }) };
}

function forMetric(metricName: string): string {
  return metricName === '' ? '' : ` for metric name ${quote(metricName)}`;
}

export type HistogramOperation = 'addition' | 'subtraction' | 'aggregation';

export function invalidQuantile(q: number, position: PositionRange): Annotation {
  return warning(`quantile value should be between 0 and 1, got ${formatShortest(q)}`, position);
}

export function invalidRatio(ratio: number, cap: number, position: PositionRange): Annotation {
  const values = `got ${formatShortest(ratio)}, capping to ${formatShortest(cap)}`;
  return warning(`ratio value should be between -1 and 1, ${values}`, position);
}

export function badBucketLabel(metricName: string, value: string, position: PositionRange): Annotation {
  const label = `bucket label "le" is missing or has a malformed value of ${quote(value)}`;
  return warning(label + forMetric(metricName), position);
}

export function mixedFloatsHistograms(metricName: string, position: PositionRange): Annotation {
  return warning(`encountered a mix of histograms and floats for metric name ${quote(metricName)}`, position);
}

export function mixedFloatsHistogramsInAggregation(position: PositionRange): Annotation {
  return warning('encountered a mix of histograms and floats for aggregation', position);
}

export function mixedClassicNative(metricName: string, position: PositionRange): Annotation {
  return warning(`vector contains a mix of classic and native histograms${forMetric(metricName)}`, position);
}

export function histogramNotCounter(metricName: string, position: PositionRange): Annotation {
  return warning(`this native histogram metric is not a counter: ${quote(metricName)}`, position);
}

export function histogramNotGauge(metricName: string, position: PositionRange): Annotation {
  return warning(`this native histogram metric is not a gauge: ${quote(metricName)}`, position);
}

export function mixedExponentialCustom(metricName: string, position: PositionRange): Annotation {
  const mix =
    'vector contains a mix of histograms with exponential and custom buckets schemas for metric name';
  return warning(`${mix} ${quote(metricName)}`, position);
}

export function incompatibleBuckets(operator: string, position: PositionRange): Annotation {
  return warning(`incompatible bucket layout encountered for binary operator ${operator}`, position);
}

export function sortInRangeQuery(position: PositionRange): Annotation {
  return warning(
    'sort is ineffective for range queries since results are always ordered by labels',
    position,
  );
}

export function counterResetCollision(position: PositionRange, operation: HistogramOperation): Annotation {
  return warning(`conflicting counter resets during histogram ${operation}`, position);
}

export function possibleNonCounter(metricName: string, position: PositionRange): Annotation {
  const reason = 'metric might not be a counter, name does not end in _total/_sum/_count/_bucket:';
  return info(`${reason} ${quote(metricName)}`, position);
}

export function possibleNonCounterType(
  metricName: string,
  type: string,
  position: PositionRange,
): Annotation {
  const reason = 'metric might not be a counter, __type__ label is not set to "counter" or "histogram"';
  return info(`${reason}, got ${quote(type)}: ${quote(metricName)}`, position);
}

export function incompatibleTypes(
  left: string,
  operator: string,
  right: string,
  position: PositionRange,
): Annotation {
  const types = `${quote(operator)}: ${left} ${operator} ${right}`;
  return info(`incompatible sample types encountered for binary operator ${types}`, position);
}

export function ignoredInAggregation(aggregation: string, position: PositionRange): Annotation {
  return info(`ignored histogram in ${aggregation} aggregation`, position);
}

export function ignoredInMixedRange(metricName: string, position: PositionRange): Annotation {
  const ignored = 'ignored histograms in a range containing both floats and histograms for metric name';
  return info(`${ignored} ${quote(metricName)}`, position);
}

export function quantileNaNResult(metricName: string, position: PositionRange): Annotation {
  const input = 'input to histogram_quantile has NaN observations, result is NaN';
  return info(input + forMetric(metricName), position);
}

export function quantileNaNSkew(metricName: string, position: PositionRange): Annotation {
  const input = 'input to histogram_quantile has NaN observations, result is skewed higher';
  return info(input + forMetric(metricName), position);
}

export function fractionNaNs(metricName: string, position: PositionRange): Annotation {
  const input = 'input to histogram_fraction has NaN observations, which are excluded from all fractions';
  return info(input + forMetric(metricName), position);
}

export function mismatchedCustomBuckets(position: PositionRange, operation: HistogramOperation): Annotation {
  return info(`mismatched custom buckets were reconciled during ${operation}`, position);
}

export function forcedMonotonicity(
  metricName: string,
  position: PositionRange,
  timeMs: number,
  fix: { readonly minBound: number; readonly maxBound: number; readonly maxDifference: number },
): Annotation {
  const input =
    'input to histogram_quantile needed to be fixed for monotonicity (see https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile)';
  const detail = new MonotonicityDetail(timeMs, timeMs, fix.minBound, fix.maxBound, fix.maxDifference, 1);
  return info(input + forMetric(metricName), position, detail);
}

export function startTimeOverlap(metricName: string, position: PositionRange): Annotation {
  const overlap = 'sample has start time that overlaps with previous sample timestamp for metric';
  return warning(`${overlap} ${quote(metricName)}`, position, new OccurrenceDetail(1));
}

class MonotonicityDetail implements AnnotationDetail {
  readonly #fields: readonly [number, number, number, number, number, number];

  constructor(
    minMs: number,
    maxMs: number,
    minBound: number,
    maxBound: number,
    maxDiff: number,
    count: number,
  ) {
    this.#fields = [minMs, maxMs, minBound, maxBound, maxDiff, count];
  }

  merge(earlier: AnnotationDetail): AnnotationDetail {
    if (!(earlier instanceof MonotonicityDetail)) return this;
    const [minMs, maxMs, minBound, maxBound, maxDiff, count] = this.#fields;
    const [minMs0, maxMs0, minBound0, maxBound0, maxDiff0, count0] = earlier.#fields;
    return new MonotonicityDetail(
      Math.min(minMs, minMs0),
      Math.max(maxMs, maxMs0),
      Math.min(minBound, minBound0),
      Math.max(maxBound, maxBound0),
      Math.max(maxDiff, maxDiff0),
      count + count0,
    );
  }

  toString(): string {
    const [minMs, maxMs, minBound, maxBound, maxDiff, count] = this.#fields;
    const bounds = `from buckets ${formatShortest(minBound)} to ${formatShortest(maxBound)}`;
    const times = `from ${formatSeconds(minMs)} to ${formatSeconds(maxMs)}`;
    return `, ${bounds}, with a max diff of ${formatSignificant(maxDiff, 2)}, over ${count} samples ${times}`;
  }
}

class OccurrenceDetail implements AnnotationDetail {
  readonly #count: number;

  constructor(count: number) {
    this.#count = count;
  }

  merge(earlier: AnnotationDetail): AnnotationDetail {
    return earlier instanceof OccurrenceDetail ? new OccurrenceDetail(this.#count + earlier.#count) : this;
  }

  toString(): string {
    return this.#count > 1 ? ` (${this.#count} occurrences)` : '';
  }
}

/** RFC 3339 in UTC, whole seconds. */
function formatSeconds(timeMs: number): string {
  return new Date(Math.trunc(timeMs / 1000) * 1000).toISOString().replace('.000Z', 'Z');
}
