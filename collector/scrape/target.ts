import { createHash } from 'node:crypto';
import { formatDurationMs, parseDurationMs } from '../../model/duration.ts';
import { Labels } from '../../model/labels.ts';
import { relabel } from '../../model/relabel.ts';
import type { ScrapeJob } from './config.ts';

/** One endpoint to scrape, after relabeling. */
export interface Target {
  readonly job: string;
  /** What each of its series carries: `job`, `instance` and what relabeling gave it. */
  readonly labels: Labels;
  /** What discovery said, before relabeling: `__address__`, `__meta_*` and so on. */
  readonly discoveredLabels: Readonly<Record<string, string>>;
  readonly url: string;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** Equal for equal targets only: same job, labels, URL and timing. */
  readonly key: string;
}

/** What relabeling and the checks after it made of discovered labels. */
export type Resolution =
  | { readonly kind: 'target'; readonly target: Target }
  | { readonly kind: 'dropped'; readonly discoveredLabels: Readonly<Record<string, string>> };

/** Prometheus' names for what a target's labels say about how to scrape it. */
const ADDRESS = '__address__';
const SCHEME = '__scheme__';
const METRICS_PATH = '__metrics_path__';
const INTERVAL = '__scrape_interval__';
const TIMEOUT = '__scrape_timeout__';
const PARAM_PREFIX = '__param_';

/** Throws an Error that says why these labels make no target: a rule of the config has made them so. */
export function resolveTarget(job: ScrapeJob, discovered: Readonly<Record<string, string>>): Resolution {
  const labels = new Map(Object.entries(discovered).filter(([, value]) => value !== ''));
  setDefaults(labels, job);
  const discoveredLabels = Object.fromEntries([...labels].sort(([a], [b]) => (a < b ? -1 : 1)));
  if (!relabel(labels, job.relabelRules)) return { kind: 'dropped', discoveredLabels };

  const address = labels.get(ADDRESS) ?? '';
  if (address === '') throw new Error('no address: __address__ is empty after relabeling');
  if (address.includes('/')) throw new Error(`"${address}" is not a valid hostname: give host:port only`);
  const { intervalMs, timeoutMs } = timing(labels);
  const url = urlOf(labels, job);
  if (!labels.has('instance')) labels.set('instance', address);
  for (const name of [...labels.keys()]) if (name.startsWith('__')) labels.delete(name);
  const kept = Labels.fromPairs(labels);
  const key = [job.name, kept.key, url, intervalMs, timeoutMs].join('\xfe');
  return {
    kind: 'target',
    target: { job: job.name, labels: kept, discoveredLabels, url, intervalMs, timeoutMs, key },
  };
}

/**
 * Where in its interval a target is scraped: spread evenly over targets, the same after every restart. The
 * seed makes the same target of another cluster fall elsewhere.
 */
export function offsetMs(seed: string, key: string, intervalMs: number): number {
  const hash = createHash('md5').update(`${seed}\xff${key}`).digest();
  return hash.readUIntBE(0, 6) % intervalMs;
}

function setDefaults(labels: Map<string, string>, job: ScrapeJob): void {
  const defaults: [string, string][] = [
    ['job', job.name],
    [INTERVAL, formatDurationMs(job.intervalMs)],
    [TIMEOUT, formatDurationMs(job.timeoutMs)],
    [METRICS_PATH, job.metricsPath],
    [SCHEME, job.scheme],
  ];
  for (const [name, values] of Object.entries(job.params))
    if (values[0] !== undefined && values[0] !== '') defaults.push([PARAM_PREFIX + name, values[0]]);
  for (const [name, value] of defaults) if (!labels.has(name)) labels.set(name, value);
}

function timing(labels: ReadonlyMap<string, string>): { intervalMs: number; timeoutMs: number } {
  const read = (label: string) => {
    const text = labels.get(label) ?? '';
    let ms = 0;
    try {
      ms = parseDurationMs(text);
    } catch (error) {
      throw new Error(`${label}: ${(error as Error).message}`);
    }
    if (ms === 0) throw new Error(`${label} cannot be 0`);
    return ms;
  };
  const intervalMs = read(INTERVAL);
  const timeoutMs = read(TIMEOUT);
  if (timeoutMs > intervalMs) {
    const shown = `"${labels.get(TIMEOUT)}" > "${labels.get(INTERVAL)}"`;
    throw new Error(`scrape timeout cannot be greater than scrape interval (${shown})`);
  }
  return { intervalMs, timeoutMs };
}

function urlOf(labels: ReadonlyMap<string, string>, job: ScrapeJob): string {
  const scheme = labels.get(SCHEME);
  if (scheme !== 'http' && scheme !== 'https')
    throw new Error(`__scheme__ is "${scheme ?? ''}": it must be http or https`);
  const params = new Map(Object.entries(job.params).map(([name, values]) => [name, [...values]]));
  for (const [name, value] of labels) {
    if (!name.startsWith(PARAM_PREFIX)) continue;
    const param = name.slice(PARAM_PREFIX.length);
    params.set(param, [value, ...(params.get(param) ?? []).slice(1)]);
  }
  const query = new URLSearchParams();
  for (const [name, values] of [...params].sort(([a], [b]) => (a < b ? -1 : 1)))
    for (const value of values) query.append(name, value);
  const path = encodeURI(labels.get(METRICS_PATH) ?? '').replace(/[?#]/g, encodeURIComponent);
  const search = query.size > 0 ? `?${query}` : '';
  const url = `${scheme}://${labels.get(ADDRESS)}${path.startsWith('/') ? '' : '/'}${path}${search}`;
  if (!URL.canParse(url)) throw new Error(`"${url}" is no URL`);
  return url;
}
