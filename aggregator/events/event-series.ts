import { Labels, METRIC_NAME } from '../../model/labels.ts';
import type { EventTotal } from './event-totals.ts';

/** The totals as series: `kube_events_total{cluster,namespace,kind,type,reason}`. */
export function* eventSeries(totals: Iterable<EventTotal>): Generator<{ labels: Labels; value: number }> {
  for (const { value, ...labels } of totals)
    yield { labels: Labels.fromObject({ [METRIC_NAME]: 'kube_events_total', ...labels }), value };
}
