import { z } from 'zod';

/**
 * Samples the queue holds. One is 24 bytes here (its labels are shared with the scrape loop), so this is
 * 24 MB; a cluster of 25,000 series scraped every 15 s makes 1,667 a second, so it covers ten minutes.
 */
const QUEUE_SAMPLES = 1_000_000;

/** `push:` of the collector's config: which hub, and the credential that says who we are. */
export const pushConfigSchema = z
  .strictObject({
    url: z.url({ protocol: /^https?$/, error: 'is no http(s) URL; write it as http://hub.example.com:9390' }),
    token: z.string().min(1).optional(),
    /** Read again for each request, so that a rotated credential needs no restart. */
    token_file: z.string().min(1).optional(),
    queue_samples: z.int().min(10_000).max(100_000_000).default(QUEUE_SAMPLES),
  })
  .refine((push) => push.token === undefined || push.token_file === undefined, {
    path: ['token'],
    error: 'cannot stand beside token_file; keep one of the two',
  });

export type PushConfig = z.infer<typeof pushConfigSchema>;
