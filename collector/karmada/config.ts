import { z } from 'zod';

/** `karmada:` of the host's collector: the API of the control plane. */
export const karmadaConfigSchema = z.strictObject({
  /** Of karmada-apiserver. Without it, the service account of the pod, which is right inside the control plane only. */
  kubeconfig_file: z.string().min(1).optional(),
});

export type KarmadaConfig = z.infer<typeof karmadaConfigSchema>;
