import { z } from 'zod';

const labelMapSchema = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]).transform(String));

/** Targets that share labels, as Prometheus' `static_configs` and discovery files hold them. */
export const staticGroupSchema = z.strictObject({
  targets: z.array(z.string().min(1)),
  labels: labelMapSchema.default({}),
});

export const fileDiscoverySchema = z.strictObject({
  /** Paths, relative to the working directory; the last part may hold `*`. YAML or JSON. */
  files: z.array(z.string().regex(/\.(json|ya?ml)$/, 'must end in .json, .yml or .yaml')).min(1),
});

export const kubernetesDiscoverySchema = z.strictObject({
  role: z.enum(['pod', 'node']),
  /** Without one: the service account of the pod this runs in. */
  kubeconfig_file: z.string().min(1).optional(),
  /** Pods of these namespaces only; all when absent. */
  namespaces: z.strictObject({ names: z.array(z.string().min(1)).min(1) }).optional(),
});

export type StaticGroup = z.infer<typeof staticGroupSchema>;
export type FileDiscoveryConfig = z.infer<typeof fileDiscoverySchema>;
export type KubernetesDiscoveryConfig = z.infer<typeof kubernetesDiscoverySchema>;

/** Where the targets of a job come from. */
export interface DiscoveryConfig {
  readonly static: readonly StaticGroup[];
  readonly files: readonly FileDiscoveryConfig[];
  readonly kubernetes: readonly KubernetesDiscoveryConfig[];
}
