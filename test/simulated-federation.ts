import { setTimeout as delay } from 'node:timers/promises';
import type { KubernetesObject } from '../deploy/simulator/object-store.ts';
import { type ApiAccess, startSimulator } from '../deploy/simulator/simulator.ts';
import { defaultSimulatorOptions, type SimulatorOptions } from '../deploy/simulator/topology.ts';
import { ManualClock } from '../runtime/clock.ts';
import { createLogger } from '../runtime/logger.ts';

/** When the tests' federations start; a whole second, so that rounding shows. */
export const START_MS = Date.UTC(2026, 10, 22, 10, 17, 33);

/** A federation on real ports whose time stands still until a test moves it. */
export async function startTestFederation(size: Partial<SimulatorOptions> = {}) {
  const clock = new ManualClock(START_MS);
  const simulator = await startSimulator({
    size: { ...defaultSimulatorOptions, nodes: 3, workloads: 12, ...size },
    clock,
    logger: createLogger('error'),
  });
  const { addresses } = simulator;
  const access = (cluster: string): ApiAccess => {
    if (cluster === 'karmada') return addresses.karmada;
    const found = [addresses.host, ...addresses.members].find(({ name }) => name === cluster);
    if (!found) throw new Error(`no cluster ${cluster}`);
    return found;
  };
  const getText = async (url: string, token?: string) => {
    const response = await fetch(
      url,
      token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } },
    );
    if (!response.ok) throw new Error(`${url}: HTTP ${response.status}`);
    return response.text();
  };
  const list = async (cluster: string, path: string): Promise<KubernetesObject[]> => {
    const { url, token } = access(cluster);
    return (JSON.parse(await getText(url + path, token)) as { items: KubernetesObject[] }).items;
  };
  /** The page of the first pod whose labels have this value. */
  const podPage = async (cluster: string, label: string, value: string) => {
    const pods = await list(cluster, '/api/v1/pods');
    const pod = pods.find(({ metadata }) => (metadata['labels'] as Record<string, string>)[label] === value);
    if (!pod) throw new Error(`no pod with ${label}=${value} in ${cluster}`);
    return getText(`http://127.0.0.1:${portOf(pod)}/metrics`);
  };
  return {
    ...simulator,
    clock,
    access,
    list,
    podPage,
    getText,
    apiPage: (cluster: string) => getText(`${access(cluster).url}/metrics`, access(cluster).token),
    play: async (scenario: string, input: unknown = {}) => {
      const response = await fetch(`${addresses.controlUrl}/scenario/${scenario}`, {
        method: 'POST',
        body: JSON.stringify(input),
      });
      return { status: response.status, body: (await response.json()) as Record<string, unknown> };
    },
  };
}

export function portOf(pod: KubernetesObject): number {
  const { containers } = pod['spec'] as { containers: { ports: { containerPort: number }[] }[] };
  return containers[0]!.ports[0]!.containerPort;
}

/** Whether anything listens there; a listener opened in this tick is given a moment. */
export async function answers(url: string, expected: boolean): Promise<boolean> {
  let open = !expected;
  for (let tries = 0; tries < 50 && open !== expected; tries++) {
    open = await fetch(url).then(
      () => true,
      () => false,
    );
    if (open !== expected) await delay(20);
  }
  return open;
}
