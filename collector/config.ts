import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import { durationSchema, loadConfig, parseConfig } from '../runtime/config.ts';
import {
  type DiscoveryConfig,
  fileDiscoverySchema,
  kubernetesDiscoverySchema,
  staticGroupSchema,
} from './discovery/config.ts';
import { type EventsConfig, eventsConfigSchema } from './events/config.ts';
import { type KarmadaConfig, karmadaConfigSchema } from './karmada/config.ts';
import { type PushConfig, pushConfigSchema } from './push/config.ts';
import { type ScrapeJob, scrapeFields, toScrapeJob } from './scrape/config.ts';

export interface CollectorConfig {
  /** This cluster's name, for logs and pages; the hub decides what is stamped. */
  readonly cluster: string;
  readonly push: PushConfig;
  /** Of jobs that say nothing else, and of what this process says about itself. */
  readonly scrapeIntervalMs: number;
  readonly scrapeTimeoutMs: number;
  readonly jobs: readonly CollectorJob[];
  readonly events: EventsConfig;
  /** The host's collector only. */
  readonly karmada: KarmadaConfig | undefined;
}

export interface CollectorJob {
  readonly scrape: ScrapeJob;
  readonly discovery: DiscoveryConfig;
}

const globalSchema = z.strictObject({
  scrape_interval: durationSchema.default(15_000),
  scrape_timeout: durationSchema.default(10_000),
});

const jobSchema = z.strictObject({
  ...scrapeFields,
  static_configs: z.array(staticGroupSchema).default([]),
  file_sd_configs: z.array(fileDiscoverySchema).default([]),
  kubernetes_sd_configs: z.array(kubernetesDiscoverySchema).default([]),
});

const collectorSchema = z
  .strictObject({
    cluster: z.string().min(1),
    push: pushConfigSchema,
    global: globalSchema.prefault({}),
    scrape_configs: z.array(jobSchema).default([]),
    events: eventsConfigSchema,
    karmada: karmadaConfigSchema.optional(),
  })
  .superRefine(({ global, scrape_configs: jobs }, context) => {
    const issue = (path: PropertyKey[], message: string) =>
      context.addIssue({ code: 'custom', path, message });
    if (global.scrape_interval === 0) issue(['global', 'scrape_interval'], 'cannot be 0; write 15s');
    const names = new Set<string>();
    for (const [i, job] of jobs.entries()) {
      const path = ['scrape_configs', i];
      if (names.has(job.job_name))
        issue([...path, 'job_name'], `"${job.job_name}" comes twice; give it another name`);
      names.add(job.job_name);
      if (job.scrape_interval === 0) issue([...path, 'scrape_interval'], 'cannot be 0; write 15s');
      const intervalMs = job.scrape_interval ?? global.scrape_interval;
      if (job.scrape_timeout === 0) issue([...path, 'scrape_timeout'], 'cannot be 0; write 10s');
      else if ((job.scrape_timeout ?? 0) > intervalMs)
        issue(
          [...path, 'scrape_timeout'],
          'is longer than the interval; make it shorter, or scrape_interval longer',
        );
    }
  })
  .transform(
    (config): CollectorConfig => ({
      cluster: config.cluster,
      push: config.push,
      scrapeIntervalMs: config.global.scrape_interval,
      scrapeTimeoutMs: Math.min(config.global.scrape_timeout, config.global.scrape_interval),
      jobs: config.scrape_configs.map((job) => ({
        scrape: toScrapeJob(job, {
          intervalMs: config.global.scrape_interval,
          timeoutMs: config.global.scrape_timeout,
        }),
        discovery: {
          static: job.static_configs,
          files: job.file_sd_configs,
          kubernetes: job.kubernetes_sd_configs,
        },
      })),
      events: config.events,
      karmada: config.karmada,
    }),
  );

/**
 * Throws a ConfigError that lists every problem with its place in the file. Paths are relative to the file, so
 * that they mean the same wherever the program is started.
 */
export function loadCollectorConfig(file: string): CollectorConfig {
  return withAbsolutePaths(loadConfig(file, collectorSchema), dirname(resolve(file)));
}

/** The same for a text at hand; `file` names it in problems. */
export function parseCollectorConfig(file: string, text: string): CollectorConfig {
  return withAbsolutePaths(parseConfig(file, text, collectorSchema), dirname(resolve(file)));
}

function withAbsolutePaths(config: CollectorConfig, folder: string): CollectorConfig {
  return {
    ...config,
    push: inFolder(config.push, folder, 'token_file'),
    jobs: config.jobs.map(({ scrape, discovery }) => ({
      scrape: {
        ...scrape,
        http: {
          ...scrape.http,
          authorization:
            scrape.http.authorization && inFolder(scrape.http.authorization, folder, 'credentialsFile'),
          tls: scrape.http.tls && inFolder(scrape.http.tls, folder, 'caFile', 'certFile', 'keyFile'),
        },
      },
      discovery: {
        static: discovery.static,
        files: discovery.files.map(({ files }) => ({ files: files.map((path) => resolve(folder, path)) })),
        kubernetes: discovery.kubernetes.map((source) => inFolder(source, folder, 'kubeconfig_file')),
      },
    })),
    events: config.events.map((source) => inFolder(source, folder, 'kubeconfig_file')),
    karmada: config.karmada && inFolder(config.karmada, folder, 'kubeconfig_file'),
  };
}

/** A copy whose named paths, where they are set, are absolute. */
function inFolder<T extends object>(section: T, folder: string, ...keys: (keyof T)[]): T {
  const copy = { ...section };
  for (const key of keys) {
    const path = section[key];
    if (typeof path === 'string') copy[key] = resolve(folder, path) as T[typeof key];
  }
  return copy;
}
