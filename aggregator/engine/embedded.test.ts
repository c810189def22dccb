import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ManualClock } from '../../runtime/clock.ts';
import { createLogger } from '../../runtime/logger.ts';
import { createRegistry } from '../../runtime/metrics.ts';
import { openEmbeddedEngine } from './embedded.ts';
import { engineSuite } from './engine.suite.ts';

engineSuite('the embedded store', async () => {
  const storagePath = await mkdtemp(join(tmpdir(), 'karmascope-engine-'));
  const clock = new ManualClock(Date.UTC(2026, 0, 1));
  const open = () =>
    openEmbeddedEngine({
      storagePath,
      clock,
      logger: createLogger('silent'),
      metrics: createRegistry('karmascope_aggregator'),
    });
  let engine = await open();
  return {
    engine,
    clock,
    async reopen() {
      await engine.close();
      engine = await open();
      return engine;
    },
    async dispose() {
      await engine.close();
      await rm(storagePath, { recursive: true, force: true });
    },
  };
});
