import { expect, test } from 'vitest';
import { formatValue, labelText } from './exposition.ts';
import { MetricSet } from './metric-set.ts';

// Values as they stand on recorded pages.
test.each([
  [0, '0'],
  [62, '62'],
  [46.5, '46.5'],
  [20000, '20000'],
  [999999, '999999'],
  [1e6, '1e+06'],
  [1048576, '1.048576e+06'],
  [2.5769803776e11, '2.5769803776e+11'],
  [2 ** 64, '1.8446744073709552e+19'],
  [463.14979529399994, '463.14979529399994'],
  [0.004810549999999999, '0.004810549999999999'],
  [0.00065428, '0.00065428'],
  [0.0001, '0.0001'],
  [0.000047, '4.7e-05'],
  [9.999999999999999e-5, '9.999999999999999e-05'],
  [1e-8, '1e-08'],
  [-0.00025, '-0.00025'],
  [Number.POSITIVE_INFINITY, '+Inf'],
  [Number.NaN, 'NaN'],
])('formatValue(%d) is %s, as Go writes it', (value, text) => {
  expect(formatValue(value)).toBe(text);
});

test('labelText() escapes what the format cannot hold', () => {
  expect(labelText({ a: 'x"y\\z\n', b: '' })).toBe('{a="x\\"y\\\\z\\n",b=""}');
  expect(labelText({})).toBe('');
});

test('a set renders families and series in the order of their names', () => {
  const metrics = new MetricSet();
  metrics.gauge('cluster_ready_state', { member_cluster: 'prod-us-1' }).set(0);
  metrics.gauge('cluster_ready_state', { member_cluster: 'prod-eu-1' }).set(1);
  metrics.counter('certwatcher_read_certificate_total').add(2);
  expect(metrics.render()).toBe(`# HELP certwatcher_read_certificate_total Total number of certificate reads
# TYPE certwatcher_read_certificate_total counter
certwatcher_read_certificate_total 2
# HELP cluster_ready_state State of the cluster (1 if ready, 0 otherwise).
# TYPE cluster_ready_state gauge
cluster_ready_state{member_cluster="prod-eu-1"} 1
cluster_ready_state{member_cluster="prod-us-1"} 0
`);
});

test('a histogram that gets shares shows whole, monotonic buckets and an exact count', () => {
  const metrics = new MetricSet();
  const durations = metrics.histogram('http_request_duration_seconds', { method: 'GET' });
  for (let i = 0; i < 1000; i++) durations.observeMany(1, 0.02, 0.7);
  const lines = metrics
    .render()
    .split('\n')
    .filter((line) => line.startsWith('http_'));
  const buckets = lines.filter((line) => line.includes('_bucket')).map((line) => Number(line.split(' ')[1]));
  expect(buckets).toEqual([...buckets].sort((a, b) => a - b));
  expect(buckets.every(Number.isInteger)).toBe(true);
  expect(buckets.at(-1)).toBe(1000);
  // Half of a log-normal distribution lies below its median, here between the bounds 0.01 and 0.025.
  expect(buckets[1]).toBeLessThan(500);
  expect(buckets[2]).toBeGreaterThan(500);
  expect(lines.at(-1)).toBe('http_request_duration_seconds_count{method="GET"} 1000');
});
