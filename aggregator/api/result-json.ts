import type { FloatHistogram } from '../../model/histogram.ts';
import type { Labels } from '../../model/labels.ts';
import type { QueryValue, SeriesData, VectorSample } from '../engine/engine.ts';
import { formatPlain, formatValue, histogramBuckets } from '../promql/print.ts';

/** Points of a series that make one piece. */
const POINTS_A_PIECE = 500;

/** `{"resultType":…,"result":…}` of a query, in pieces, byte for byte as Prometheus writes it. */
export function* queryResultJson(value: QueryValue): Generator<string> {
  yield `{"resultType":"${value.type}","result":`;
  switch (value.type) {
    case 'scalar':
      // Scalars never have an exponent; samples do.
      yield `[${timestamp(value.timestampMs)},"${formatPlain(value.value)}"]`;
      break;
    case 'string':
      yield `[${timestamp(value.timestampMs)},${JSON.stringify(value.value)}]`;
      break;
    case 'vector':
      yield* list(value.samples, sampleJson);
      break;
    case 'matrix':
      yield* list(value.series, seriesJson);
      break;
    default:
      throw new Error(`BUG: no JSON for ${value satisfies never}`);
  }
  yield '}';
}

/** `{"__name__":"up","job":"node"}` */
export function labelsJson(labels: Labels): string {
  const pairs: string[] = [];
  for (const [name, value] of labels) pairs.push(`${JSON.stringify(name)}:${JSON.stringify(value)}`);
  return `{${pairs.join(',')}}`;
}

export function* list<T>(items: Iterable<T>, json: (item: T) => Iterable<string>): Generator<string> {
  let separator = '[';
  for (const item of items) {
    yield separator;
    yield* json(item);
    separator = ',';
  }
  yield separator === '[' ? '[]' : ']';
}

function* sampleJson({ labels, timestampMs, value, histogram }: VectorSample): Generator<string> {
  const point = histogram
    ? `"histogram":[${timestamp(timestampMs)},${histogramJson(histogram)}]`
    : `"value":[${timestamp(timestampMs)},"${formatValue(value)}"]`;
  yield `{"metric":${labelsJson(labels)},${point}}`;
}

/** Floats first, then histograms, each only where there are any. */
function* seriesJson({ labels, timestamps, values, histograms }: SeriesData): Generator<string> {
  yield `{"metric":${labelsJson(labels)}`;
  let opened = false;
  for (let from = 0; from < timestamps.length; from += POINTS_A_PIECE) {
    let piece = '';
    for (let i = from; i < Math.min(from + POINTS_A_PIECE, timestamps.length); i++) {
      if (histograms?.[i]) continue;
      piece += `${opened ? ',' : ',"values":['}[${timestamp(timestamps[i]!)},"${formatValue(values[i]!)}"]`;
      opened = true;
    }
    yield piece;
  }
  if (opened) yield ']';
  if (histograms) yield* histogramSeriesJson(timestamps, histograms);
  yield '}';
}

function* histogramSeriesJson(
  timestamps: Float64Array,
  histograms: readonly (FloatHistogram | undefined)[],
): Generator<string> {
  let separator = ',"histograms":[';
  for (const [i, histogram] of histograms.entries()) {
    if (!histogram) continue;
    yield `${separator}[${timestamp(timestamps[i]!)},${histogramJson(histogram)}]`;
    separator = ',';
  }
  if (separator === ',') yield ']';
}

/** Buckets say first which of their bounds belong to them: 0 the upper, 1 the lower, 2 none, 3 both. */
function histogramJson(histogram: FloatHistogram): string {
  let json = `{"count":"${formatValue(histogram.count)}","sum":"${formatValue(histogram.sum)}"`;
  const buckets: string[] = [];
  for (const { lower, upper, lowerInclusive, upperInclusive, count } of histogramBuckets(histogram)) {
    if (count === 0) continue;
    const bounds = lowerInclusive ? (upperInclusive ? 3 : 1) : upperInclusive ? 0 : 2;
    buckets.push(`[${bounds},"${formatValue(lower)}","${formatValue(upper)}","${formatValue(count)}"]`);
  }
  if (buckets.length > 0) json += `,"buckets":[${buckets.join(',')}]`;
  return `${json}}`;
}

/** Milliseconds as seconds with up to three decimals. */
function timestamp(ms: number): string {
  return String(ms / 1000);
}
