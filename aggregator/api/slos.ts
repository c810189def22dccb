import { Router } from 'express';
import type { LevelStatus } from '../slo/objective-status.ts';

/** `GET /api/v1/slos`: every objective at every level, in Prometheus' envelope. `level` and `cluster` narrow it. */
export function slosApi(statuses: () => readonly LevelStatus[]): Router {
  const router = Router();
  router.get('/api/v1/slos', (request, response) => {
    const { level, cluster, region } = request.query;
    const wanted = statuses().filter(
      (status) =>
        (level === undefined || status.level === level) &&
        (cluster === undefined || status.labels['cluster'] === cluster) &&
        (region === undefined || status.labels['region'] === region),
    );
    response.json({ status: 'success', data: wanted });
  });
  return router;
}
