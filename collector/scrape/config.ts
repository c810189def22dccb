import { z } from 'zod';
import { RELABEL_ACTIONS, RelabelRule } from '../../model/relabel.ts';
import { durationSchema } from '../../runtime/config.ts';
import type { HttpOptions } from './http-client.ts';

/** A kube-apiserver's page is 4 MB; ten times that and more is a mistake that must not take the process. */
const BODY_SIZE_LIMIT_BYTES = 64 * 2 ** 20;
/** A node exporter on each node of the largest clusters Kubernetes supports is 5,000. */
const TARGET_LIMIT = 10_000;

/** How the targets of a job are scraped. */
export interface ScrapeJob {
  readonly name: string;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly metricsPath: string;
  readonly scheme: 'http' | 'https';
  readonly params: Readonly<Record<string, readonly string[]>>;
  readonly honorLabels: boolean;
  readonly honorTimestamps: boolean;
  readonly trackTimestampsStaleness: boolean;
  readonly relabelRules: readonly RelabelRule[];
  readonly metricRelabelRules: readonly RelabelRule[];
  /** Of a page, decompressed. */
  readonly bodySizeLimitBytes: number;
  /** Samples of a page after relabeling; 0 for any number. */
  readonly sampleLimit: number;
  readonly targetLimit: number;
  /** Reads a page without a Content-Type, or with one that is not known, as text. */
  readonly fallbackToText: boolean;
  readonly http: HttpOptions;
}

const scalar = z.union([z.string(), z.number(), z.boolean()]).transform(String);

const relabelRuleSchema = z
  .strictObject({
    action: z.preprocess(
      (value) => (typeof value === 'string' ? value.toLowerCase() : value),
      z.enum(RELABEL_ACTIONS).optional(),
    ),
    source_labels: z.array(z.string().min(1)).optional(),
    separator: z.string().optional(),
    regex: scalar.optional(),
    modulus: z.number().optional(),
    target_label: z.string().optional(),
    replacement: scalar.optional(),
  })
  .transform((config, context) => {
    try {
      return new RelabelRule(config);
    } catch (error) {
      context.addIssue({ code: 'custom', message: (error as Error).message });
      return z.NEVER;
    }
  });

/** `64MB`, as Prometheus writes it: powers of 1,024. `0` is no limit. */
const sizeSchema = z.union([z.string(), z.number()]).transform((value, context) => {
  const match = /^(\d+)(B|KB|MB|GB|KiB|MiB|GiB)?$/.exec(String(value));
  if (match && (match[2] !== undefined || Number(match[1]) === 0)) {
    const power = 'BKMG'.indexOf((match[2] ?? 'B').charAt(0));
    return Number(match[1]) * 1024 ** power;
  }
  context.addIssue({ code: 'custom', message: `"${value}" is no size; write it as 64MB, or 0 for no limit` });
  return z.NEVER;
});

const httpFields = {
  authorization: z
    .strictObject({
      type: z.string().default('Bearer'),
      credentials: z.string().min(1).optional(),
      credentials_file: z.string().min(1).optional(),
    })
    .refine((auth) => (auth.credentials === undefined) !== (auth.credentials_file === undefined), {
      error: 'needs one of credentials and credentials_file',
    })
    .optional(),
  tls_config: z
    .strictObject({
      ca_file: z.string().min(1).optional(),
      cert_file: z.string().min(1).optional(),
      key_file: z.string().min(1).optional(),
      server_name: z.string().min(1).optional(),
      insecure_skip_verify: z.boolean().default(false),
    })
    .refine((tls) => (tls.cert_file === undefined) === (tls.key_file === undefined), {
      error: 'cert_file and key_file go together; give both or none',
    })
    .optional(),
  follow_redirects: z.boolean().default(true),
  enable_compression: z.boolean().default(true),
};

/** What a `scrape_configs` entry says beside where its targets are. */
export const scrapeFields = {
  job_name: z.string().min(1),
  scrape_interval: durationSchema.optional(),
  scrape_timeout: durationSchema.optional(),
  metrics_path: z.string().min(1).default('/metrics'),
  scheme: z.enum(['http', 'https']).default('http'),
  params: z.record(z.string(), z.array(scalar)).default({}),
  honor_labels: z.boolean().default(false),
  honor_timestamps: z.boolean().default(true),
  track_timestamps_staleness: z.boolean().default(false),
  relabel_configs: z.array(relabelRuleSchema).default([]),
  metric_relabel_configs: z.array(relabelRuleSchema).default([]),
  body_size_limit: sizeSchema.default(BODY_SIZE_LIMIT_BYTES),
  sample_limit: z.int().min(0).default(0),
  target_limit: z.int().min(1).default(TARGET_LIMIT),
  fallback_scrape_protocol: z.enum(['PrometheusText0.0.4', 'PrometheusText1.0.0']).optional(),
  ...httpFields,
};

type ScrapeFields = z.infer<z.ZodObject<typeof scrapeFields>>;

export function toScrapeJob(
  fields: ScrapeFields,
  defaults: { readonly intervalMs: number; readonly timeoutMs: number },
): ScrapeJob {
  const intervalMs = fields.scrape_interval ?? defaults.intervalMs;
  return {
    name: fields.job_name,
    intervalMs,
    // A shorter interval makes the default timeout shorter; one that is written down is checked instead.
    timeoutMs: fields.scrape_timeout ?? Math.min(defaults.timeoutMs, intervalMs),
    metricsPath: fields.metrics_path,
    scheme: fields.scheme,
    params: fields.params,
    honorLabels: fields.honor_labels,
    honorTimestamps: fields.honor_timestamps,
    trackTimestampsStaleness: fields.track_timestamps_staleness,
    relabelRules: fields.relabel_configs,
    metricRelabelRules: fields.metric_relabel_configs,
    bodySizeLimitBytes: fields.body_size_limit === 0 ? Number.MAX_SAFE_INTEGER : fields.body_size_limit,
    sampleLimit: fields.sample_limit,
    targetLimit: fields.target_limit,
    fallbackToText: fields.fallback_scrape_protocol !== undefined,
    http: {
      authorization: fields.authorization && {
        type: fields.authorization.type,
        credentials: fields.authorization.credentials,
        credentialsFile: fields.authorization.credentials_file,
      },
      tls: fields.tls_config && {
        caFile: fields.tls_config.ca_file,
        certFile: fields.tls_config.cert_file,
        keyFile: fields.tls_config.key_file,
        serverName: fields.tls_config.server_name,
        insecureSkipVerify: fields.tls_config.insecure_skip_verify,
      },
      followRedirects: fields.follow_redirects,
      compression: fields.enable_compression,
    },
  };
}
