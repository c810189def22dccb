import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { version } from './version.ts';

export type { Registry };

/**
 * The registry of a process: what Node tells of itself and `<app>_build_info`. Parts register their own
 * metrics with `registers: [registry]` beside the code that counts.
 */
export function createRegistry(app: 'karmascope_collector' | 'karmascope_aggregator'): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  new Gauge({
    name: `${app}_build_info`,
    help: 'Always 1; the labels say what is running.',
    labelNames: ['version', 'node'],
    registers: [registry],
  }).set({ version, node: process.version }, 1);
  return registry;
}
