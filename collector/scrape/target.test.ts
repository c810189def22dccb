import { describe, expect, test } from 'vitest';
import { parseCollectorConfig } from '../config.ts';
import { offsetMs, resolveTarget } from './target.ts';

describe('resolveTarget', () => {
  test('names the job and the instance, and asks the default path', () => {
    expect(resolve('', { __address__: '10.0.0.1:9100' })).toMatchObject({
      labels: { instance: '10.0.0.1:9100', job: 'j' },
      url: 'http://10.0.0.1:9100/metrics',
      intervalMs: 15_000,
      timeoutMs: 10_000,
      discoveredLabels: {
        __address__: '10.0.0.1:9100',
        __metrics_path__: '/metrics',
        __scheme__: 'http',
        __scrape_interval__: '15s',
        __scrape_timeout__: '10s',
        job: 'j',
      },
    });
  });

  test('lets relabeling change how a target is scraped, and drops all labels that begin with __', () => {
    const rules = `relabel_configs:
      - { source_labels: [__meta_path], target_label: __metrics_path__ }
      - { target_label: __param_module, replacement: 'http 2xx' }
      - { target_label: __scrape_interval__, replacement: 1m }
      - { target_label: __scheme__, replacement: https }
      - { target_label: instance, replacement: api }
      - { target_label: __tmp, replacement: x }
    params: { module: [a, b], target: [x] }`;
    expect(resolve(rules, { __address__: 'host', __meta_path: '/a b?c' })).toMatchObject({
      labels: { instance: 'api', job: 'j' },
      url: 'https://host/a%20b%3Fc?module=http+2xx&module=b&target=x',
      intervalMs: 60_000,
    });
  });

  test('tells what was dropped', () => {
    const rules = 'relabel_configs: [{ action: drop, source_labels: [__address__], regex: h.* }]';
    expect(resolve(rules, { __address__: 'h' })).toMatchObject({ __address__: 'h', job: 'j' });
  });

  test.each([
    [{}, '', 'no address: __address__ is empty after relabeling'],
    [
      { __address__: 'http://h/metrics' },
      '',
      '"http://h/metrics" is not a valid hostname: give host:port only',
    ],
    [{ __address__: 'h:port' }, '', '"http://h:port/metrics" is no URL'],
    [{ __address__: 'h', __scheme__: 'ftp' }, '', '__scheme__ is "ftp": it must be http or https'],
    [
      { __address__: 'h', __scrape_interval__: '5s' },
      '',
      'scrape timeout cannot be greater than scrape interval ("10s" > "5s")',
    ],
    [
      { __address__: 'h', __scrape_interval__: '5' },
      '',
      '__scrape_interval__: not a valid duration string: "5"',
    ],
  ])('refuses %j', (discovered, rules, message) => {
    expect(() => resolve(rules, discovered)).toThrow(message);
  });
});

describe('offsetMs', () => {
  test('spreads targets over the interval, the same after every start', () => {
    const counts = new Array<number>(10).fill(0);
    for (let i = 0; i < 1_000; i++) {
      const offset = offsetMs('prod-eu-1', `target-${i}`, 10_000);
      expect(offset).toBe(offsetMs('prod-eu-1', `target-${i}`, 10_000));
      counts[Math.floor(offset / 1_000)]!++;
    }
    expect(Math.min(...counts)).toBeGreaterThan(70);
    expect(offsetMs('prod-eu-1', 'a', 15_000)).not.toBe(offsetMs('prod-us-1', 'a', 15_000));
  });
});

/** The target with its labels as an object; the discovered labels of one that was dropped. */
function resolve(jobYaml: string, discovered: Record<string, string>) {
  const text = `cluster: c\npush: { url: "http://127.0.0.1:1" }\nscrape_configs:\n  - job_name: j\n    ${jobYaml}\n`;
  const resolution = resolveTarget(parseCollectorConfig('c.yaml', text).jobs[0]!.scrape, discovered);
  if (resolution.kind === 'dropped') return resolution.discoveredLabels;
  return { ...resolution.target, labels: resolution.target.labels.toObject() };
}
