import { ScenarioError, type ScenarioState, type Scenarios } from '../simulator/scenario.ts';
import type { SimulatorAddresses } from '../simulator/simulator.ts';
import type { ChildProcesses } from './child-processes.ts';

export interface DemoScenarioParts {
  simulator: SimulatorAddresses;
  children: Pick<ChildProcesses, 'isRunning' | 'kill'>;
  startCollector: (cluster: string) => void;
  fetch: typeof fetch;
}

/** The simulator's state and which collectors are stopped. */
export interface DemoState extends ScenarioState {
  silentCollectors: string[];
}

export function collectorName(cluster: string): string {
  return `collector ${cluster}`;
}

/** The simulator's scenarios, and what they mean for the collectors, which are processes of the demo. */
export function demoScenarios(parts: DemoScenarioParts): {
  scenarios: Scenarios;
  state: () => Promise<DemoState>;
} {
  const { simulator, children, startCollector } = parts;
  const clusters = [simulator.host, ...simulator.members].map(({ name }) => name);
  const silent = () => clusters.filter((cluster) => !children.isRunning(collectorName(cluster)));
  const silence = (names: readonly string[]) =>
    Promise.all(names.map((name) => children.kill(collectorName(name))));
  const ask = async (path: string, init?: RequestInit): Promise<unknown> => {
    const response = await parts.fetch(`${simulator.controlUrl}${path}`, init);
    const answer = (await response.json()) as { error?: string };
    if (!response.ok) throw new ScenarioError(response.status, answer.error ?? `HTTP ${response.status}`);
    return answer;
  };
  const play = (name: string, input: unknown) =>
    ask(`/scenario/${name}`, { method: 'POST', body: JSON.stringify(input) });
  return {
    state: async () => ({ ...((await ask('/scenario')) as ScenarioState), silentCollectors: silent() }),
    scenarios: {
      // A collector lives in its cluster: without power it is gone, too, with all it had not sent.
      'region-lost': async ({ region }) => {
        const { lost } = (await play('region-lost', { region })) as { lost: string[] };
        await silence(lost);
        return { lost };
      },
      'collector-silent': async ({ cluster }) => {
        if (typeof cluster !== 'string' || !clusters.includes(cluster)) {
          throw new ScenarioError(
            400,
            `Cannot silence the collector of ${JSON.stringify(cluster)}: choose one of ${clusters.join(', ')}`,
          );
        }
        await silence([cluster]);
        return { silent: [cluster] };
      },
      recovery: async () => {
        const { recovering } = (await play('recovery', {})) as { recovering: string[] };
        const restarted = silent();
        for (const cluster of restarted) startCollector(cluster);
        return { recovering, restarted };
      },
    },
  };
}
