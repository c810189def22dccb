import { z } from 'zod';
import { durationSchema } from '../../runtime/config.ts';
import type { AlertmanagerTarget } from './alertmanager.ts';

/** The `alerting:` section, in Prometheus' words. */
export const alertingSchema = z.strictObject({
  alertmanagers: z
    .array(
      z.strictObject({
        scheme: z.enum(['http', 'https']).default('http'),
        path_prefix: z.string().startsWith('/', 'must begin with "/"').default('/'),
        timeout: durationSchema.default(10_000),
        static_configs: z
          .array(
            z.strictObject({
              targets: z.array(
                z
                  .string()
                  .regex(
                    /^[^/\s]+:\d+$/,
                    'must be HOST:PORT; the scheme and the path have keys of their own',
                  ),
              ),
            }),
          )
          .default([]),
      }),
    )
    .default([]),
});

export function alertmanagerTargets(alerting: z.infer<typeof alertingSchema>): AlertmanagerTarget[] {
  return alerting.alertmanagers.flatMap((group) =>
    group.static_configs
      .flatMap(({ targets }) => targets)
      .map((target) => ({
        url: `${group.scheme}://${target}${group.path_prefix.replace(/\/$/, '')}`,
        timeoutMs: group.timeout,
      })),
  );
}
