import type { QueryResult, SeriesData } from '../../aggregator/engine/engine.ts';
import { formatPlain, formatValue } from '../../aggregator/promql/go-number.ts';
import { allBuckets } from '../../aggregator/promql/native-buckets.ts';
import type { FloatHistogram } from '../../model/histogram.ts';

/** An answer as the Prometheus API's JSON has it, parsed. */
export interface ApiAnswer {
  readonly type?: string;
  readonly result?: unknown;
  readonly warnings?: readonly string[];
  readonly infos?: readonly string[];
  readonly error?: string;
}

export function toApi({ value, warnings, infos }: QueryResult): ApiAnswer {
  const remarks = {
    ...(warnings.length > 0 && { warnings: warnings.toSorted() }),
    ...(infos.length > 0 && { infos: infos.toSorted() }),
  };
  switch (value.type) {
    case 'scalar':
      return { type: 'scalar', result: [value.timestampMs / 1000, formatPlain(value.value)], ...remarks };
    case 'string':
      return { type: 'string', result: [value.timestampMs / 1000, value.value], ...remarks };
    case 'vector':
      return {
        type: 'vector',
        result: value.samples.map(({ labels, timestampMs, value: number, histogram }) =>
          histogram
            ? { metric: labels.toObject(), histogram: [timestampMs / 1000, histogramJson(histogram)] }
            : { metric: labels.toObject(), value: [timestampMs / 1000, formatValue(number)] },
        ),
        ...remarks,
      };
    case 'matrix':
      return { type: 'matrix', result: value.series.map(seriesJson), ...remarks };
    default:
      throw new Error(`BUG: no JSON for ${value satisfies never}`);
  }
}

function seriesJson({ labels, timestamps, values, histograms }: SeriesData) {
  const floatPoints: [number, string][] = [];
  const histogramPoints: [number, unknown][] = [];
  for (let i = 0; i < timestamps.length; i++) {
    const histogram = histograms?.[i];
    if (histogram) histogramPoints.push([timestamps[i]! / 1000, histogramJson(histogram)]);
    else floatPoints.push([timestamps[i]! / 1000, formatValue(values[i]!)]);
  }
  return {
    metric: labels.toObject(),
    ...(floatPoints.length > 0 && { values: floatPoints }),
    ...(histogramPoints.length > 0 && { histograms: histogramPoints }),
  };
}

function histogramJson(h: FloatHistogram) {
  const buckets = allBuckets(h)
    .filter(({ count }) => count !== 0)
    .map(({ lower, upper, lowerInclusive, upperInclusive, count }) => [
      lowerInclusive ? (upperInclusive ? 3 : 1) : upperInclusive ? 0 : 2,
      formatValue(lower),
      formatValue(upper),
      formatValue(count),
    ]);
  return {
    count: formatValue(h.count),
    sum: formatValue(h.sum),
    ...(buckets.length > 0 && { buckets }),
  };
}

/** The same text for the same JSON, whatever the order of keys. */
export function canonical(json: unknown): string {
  return JSON.stringify(json, (_, value: unknown) =>
    value !== null && typeof value === 'object' && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
}
