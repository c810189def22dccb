import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { durationSchema, loadConfig } from '../runtime/config.ts';
import { clusterNameSchema, type IdentityConfig, identitiesSchema } from './identity/config.ts';
import { alertingSchema } from './publish/config.ts';

/** Rules and objectives that come with the package; they hold unless the config names others. */
const SHIPPED = {
  rules: fileURLToPath(new URL('../alerts/rules/*.yaml', import.meta.url)),
  slos: fileURLToPath(new URL('../alerts/slo/*.yaml', import.meta.url)),
};

const DEFAULT_EVALUATION_INTERVAL_MS = 15_000;

const aggregatorSchema = z.strictObject({
  /** Stamped on every series; with it, several federations can share one Grafana. */
  federation: z.string().min(1, 'is empty; it is stamped on every series').default('default'),
  /** What the hub's own series are stamped with: the cluster it runs in. */
  cluster: clusterNameSchema.default('karmascope'),
  global: z
    .strictObject({
      evaluation_interval: durationSchema
        .refine((ms) => ms >= 1_000, 'is too short: 1s at least')
        .default(DEFAULT_EVALUATION_INTERVAL_MS),
    })
    .default({ evaluation_interval: DEFAULT_EVALUATION_INTERVAL_MS }),
  identities: identitiesSchema.default([]),
  rule_files: z.array(z.string().min(1)).optional(),
  slo_files: z.array(z.string().min(1)).optional(),
  alerting: alertingSchema.default({ alertmanagers: [] }),
  /** The demo's simulator, to which the console's scenario buttons are passed on. */
  demo: z
    .strictObject({
      control_url: z.url({
        protocol: /^http$/,
        hostname: /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/,
        error: 'must be a http:// URL on loopback, as http://127.0.0.1:9399',
      }),
    })
    .optional(),
});

/** Read-only once it is loaded; paths are absolute. */
export interface AggregatorConfig {
  readonly federation: string;
  readonly cluster: string;
  readonly evaluationIntervalMs: number;
  readonly identities: readonly IdentityConfig[];
  /** Globs. */
  readonly ruleFiles: readonly string[];
  readonly sloFiles: readonly string[];
  readonly alerting: z.infer<typeof alertingSchema>;
  readonly demoControlUrl: string | undefined;
}

/** Reads and checks a config file; without one, the defaults. Throws a ConfigError. */
export function loadAggregatorConfig(file: string | undefined): AggregatorConfig {
  const parsed = file === undefined ? aggregatorSchema.parse({}) : loadConfig(file, aggregatorSchema);
  // Paths in a file mean the same wherever the program is started.
  const absolute = (path: string) => resolve(file === undefined ? '.' : dirname(file), path);
  return {
    federation: parsed.federation,
    cluster: parsed.cluster,
    evaluationIntervalMs: parsed.global.evaluation_interval,
    identities: parsed.identities.map((identity) =>
      identity.token_file === undefined
        ? identity
        : { ...identity, token_file: absolute(identity.token_file) },
    ),
    ruleFiles: parsed.rule_files?.map(absolute) ?? [SHIPPED.rules],
    sloFiles: parsed.slo_files?.map(absolute) ?? [SHIPPED.slos],
    alerting: parsed.alerting,
    demoControlUrl: parsed.demo?.control_url,
  };
}
