import { z } from 'zod';

/** `events:` of the collector's config: whose events to watch. */
export const eventsConfigSchema = z
  .array(
    z.strictObject({
      /** Without it, the service account of the pod. */
      kubeconfig_file: z.string().min(1).optional(),
      /** The cluster the events are of, where it is not the collector's own: Karmada's API on the host. */
      cluster: z.string().min(1).optional(),
    }),
  )
  .default([]);

export type EventsConfig = z.infer<typeof eventsConfigSchema>;
