import { randomBytes } from 'node:crypto';
import type { Clock } from '../../runtime/clock.ts';
import { listen } from '../../runtime/http-server.ts';
import type { Logger } from '../../runtime/logger.ts';
import { Federation, KARMADA_API } from './federation.ts';
import { LoopbackNetwork } from './network.ts';
import { federationScenarios, scenarioHandler, scenarioState } from './scenario.ts';
import { memberSpecs, type SimulatorOptions, workloadSpecs } from './topology.ts';

/** Where one API server of the federation is and what lets one in. */
export interface ApiAccess {
  url: string;
  token: string;
}

export interface SimulatedCluster extends ApiAccess {
  name: string;
  region: string;
  provider: string;
  syncMode: 'Push' | 'Pull';
}

/** All that a reader needs to know to watch the federation. */
export interface SimulatorAddresses {
  /** Scenarios: `GET /scenario`, `POST /scenario/region-lost`, `POST /scenario/recovery`. */
  controlUrl: string;
  host: SimulatedCluster;
  members: SimulatedCluster[];
  karmada: ApiAccess;
}

export interface Simulator {
  readonly addresses: SimulatorAddresses;
  readonly federation: Federation;
  stop(): Promise<void>;
}

/** Starts the federation on loopback, every API server, kubelet and pod with a port of its own. */
export async function startSimulator(options: {
  size: SimulatorOptions;
  clock: Clock;
  logger: Logger;
}): Promise<Simulator> {
  const { size, clock, logger } = options;
  const network = new LoopbackNetwork(logger, sparePorts(size));
  const tokens = new Map<string, string>();
  const token = (apiServer: string) => {
    tokens.set(apiServer, tokens.get(apiServer) ?? randomBytes(24).toString('base64url'));
    return tokens.get(apiServer)!;
  };
  try {
    await network.prepare(portsNeeded(size) + sparePorts(size));
    const federation = new Federation({ size, clock, network, token });
    const control = await listen(
      '127.0.0.1:0',
      scenarioHandler(federationScenarios(federation), () => scenarioState(federation)),
    );
    const access = ({ spec, apiUrl }: (typeof federation)['host']): SimulatedCluster => ({
      name: spec.name,
      region: spec.region,
      provider: spec.provider,
      syncMode: spec.syncMode,
      url: apiUrl,
      token: token(spec.name),
    });
    return {
      federation,
      addresses: {
        controlUrl: control.url,
        host: access(federation.host),
        members: [...federation.members.values()].map(access),
        karmada: { url: federation.control.apiUrl, token: token(KARMADA_API) },
      },
      stop: async () => {
        federation.stop();
        network.close();
        await control.close();
      },
    };
  } catch (error) {
    network.close();
    throw error;
  }
}

/** API server, kube-state-metrics and kubelets of each cluster, Karmada's four, and a port for each pod. */
function portsNeeded(size: SimulatorOptions): number {
  const members = memberSpecs(size);
  const pods = workloadSpecs(size, members).reduce(
    (sum, { scheduling, replicas, clusters }) =>
      sum + (scheduling === 'Duplicated' ? replicas * clusters.length : replicas),
    0,
  );
  return (members.length + 1) * (size.nodes + 2) + 4 + pods;
}

/** In one second: a rollout with two new pods in each member, and three evictions with eight replacements each. */
function sparePorts(size: SimulatorOptions): number {
  return 2 * memberSpecs(size).length + 3 * 8;
}
