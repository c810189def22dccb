import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { ApiAccess, SimulatedCluster, SimulatorAddresses } from '../simulator/simulator.ts';

/** Shorter than anyone should scrape a real federation: in a demo one wants to see things move. */
const SCRAPE_INTERVAL = '5s';
const SCRAPE_TIMEOUT = '4s';

const FEDERATION = 'demo';

export interface DemoFiles {
  aggregatorConfig: string;
  alertmanagerConfig: string;
  /** HOST:PORT. */
  alertmanager: string;
  /** By cluster. */
  collectorConfigs: ReadonlyMap<string, string>;
}

export interface DemoEndpoints {
  hubUrl: string;
  /** Takes scenarios, and the pages that Alertmanager sends. */
  controlUrl: string;
  /** HOST:PORT of the Alertmanager, real or built in. */
  alertmanager: string;
}

/** Writes all configuration, kubeconfigs and tokens into `folder`, readable by nobody else. */
export function writeDemoFiles(
  folder: string,
  simulator: SimulatorAddresses,
  endpoints: DemoEndpoints,
): DemoFiles {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const write = (name: string, text: string) => {
    const path = join(folder, name);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  };
  const clusters = [simulator.host, ...simulator.members];
  const senders = clusters.map((cluster): Sender => {
    const { name } = cluster;
    return {
      cluster,
      pushTokenFile: write(`${name}.push-token`, `${randomBytes(24).toString('base64url')}\n`),
      apiTokenFile: write(`${name}.api-token`, cluster.token),
      kubeconfigFile: write(`${name}.kubeconfig`, stringify(kubeconfig(name, cluster))),
    };
  });
  const karmada = {
    kubeconfigFile: write('karmada.kubeconfig', stringify(kubeconfig('karmada', simulator.karmada))),
    tokenFile: write('karmada.api-token', simulator.karmada.token),
  };
  return {
    aggregatorConfig: write(
      'aggregator.yaml',
      stringify(aggregatorConfig(senders, simulator.host, endpoints)),
    ),
    alertmanager: endpoints.alertmanager,
    alertmanagerConfig: write('alertmanager.yaml', stringify(alertmanagerConfig(endpoints))),
    collectorConfigs: new Map(
      senders.map((sender) => {
        const host = sender.cluster === simulator.host ? karmada : undefined;
        const { name } = sender.cluster;
        return [
          name,
          write(`${name}.collector.yaml`, stringify(collectorConfig(sender, endpoints.hubUrl, host))),
        ];
      }),
    ),
  };
}

interface Sender {
  cluster: SimulatedCluster;
  pushTokenFile: string;
  apiTokenFile: string;
  kubeconfigFile: string;
}

interface KarmadaFiles {
  kubeconfigFile: string;
  tokenFile: string;
}

/** What `kubectl` reads, for one API server and a bearer token. */
export function kubeconfig(name: string, { url, token }: ApiAccess): unknown {
  return {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name, cluster: { server: url } }],
    users: [{ name: 'karmascope', user: { token } }],
    contexts: [{ name, context: { cluster: name, user: 'karmascope' } }],
    'current-context': name,
  };
}

function aggregatorConfig(
  senders: readonly Sender[],
  host: SimulatedCluster,
  endpoints: DemoEndpoints,
): unknown {
  return {
    federation: FEDERATION,
    cluster: host.name,
    global: { evaluation_interval: SCRAPE_INTERVAL },
    identities: senders.map(({ cluster, pushTokenFile }) => ({
      name: cluster.name,
      token_file: pushTokenFile,
      cluster: cluster.name,
      // The host's collector speaks for the federation; the host itself is no member, so no Cluster object
      // says where it is.
      ...(cluster === host && { federation: true, region: host.region, provider: host.provider }),
    })),
    alerting: { alertmanagers: [{ static_configs: [{ targets: [endpoints.alertmanager] }] }] },
    demo: { control_url: endpoints.controlUrl },
  };
}

/** One per cluster. The host's also scrapes Karmada's components and watches Karmada's API. */
function collectorConfig(sender: Sender, hubUrl: string, karmada: KarmadaFiles | undefined): unknown {
  const { cluster, pushTokenFile, apiTokenFile, kubeconfigFile } = sender;
  const nodes = { kubernetes_sd_configs: [{ role: 'node', kubeconfig_file: kubeconfigFile }] };
  const pods = { kubernetes_sd_configs: [{ role: 'pod', kubeconfig_file: kubeconfigFile }] };
  return {
    cluster: cluster.name,
    push: { url: hubUrl, token_file: pushTokenFile },
    global: { scrape_interval: SCRAPE_INTERVAL, scrape_timeout: SCRAPE_TIMEOUT },
    scrape_configs: [
      {
        job_name: 'kubelet',
        metrics_path: '/metrics/resource',
        // Container and pod are what the samples are about, not where they were scraped.
        honor_labels: true,
        ...nodes,
        relabel_configs: [copy('__meta_kubernetes_node_name', 'node')],
      },
      {
        job_name: 'kube-apiserver',
        authorization: { credentials_file: apiTokenFile },
        ...pods,
        relabel_configs: [keep('__meta_kubernetes_pod_label_component', 'kube-apiserver')],
      },
      {
        job_name: 'kube-state-metrics',
        honor_labels: true,
        ...pods,
        relabel_configs: [keep('__meta_kubernetes_pod_label_app_kubernetes_io_name', 'kube-state-metrics')],
      },
      {
        job_name: 'workloads',
        ...pods,
        relabel_configs: [
          keep('__meta_kubernetes_pod_annotation_prometheus_io_scrape', 'true'),
          copy('__meta_kubernetes_pod_annotation_prometheus_io_path', '__metrics_path__'),
          {
            source_labels: ['__address__', '__meta_kubernetes_pod_annotation_prometheus_io_port'],
            regex: '([^:]+)(?::\\d+)?;(\\d+)',
            replacement: '$1:$2',
            target_label: '__address__',
          },
          copy('__meta_kubernetes_namespace', 'namespace'),
          copy('__meta_kubernetes_pod_name', 'pod'),
          copy('__meta_kubernetes_pod_label_app', 'app'),
        ],
      },
      // The job is the component's name, as dashboards and rules of Karmada expect it. A pull member has an agent.
      {
        job_name: 'karmada',
        ...pods,
        relabel_configs: [
          keep('__meta_kubernetes_pod_label_app', 'karmada-(controller-manager|scheduler|agent)'),
          copy('__meta_kubernetes_pod_label_app', 'job'),
          copy('__meta_kubernetes_pod_name', 'pod'),
        ],
      },
      ...(karmada
        ? [
            {
              job_name: 'karmada-apiserver',
              authorization: { credentials_file: karmada.tokenFile },
              ...pods,
              relabel_configs: [keep('__meta_kubernetes_pod_label_app', 'karmada-apiserver')],
            },
          ]
        : []),
    ],
    events: [
      { kubeconfig_file: kubeconfigFile, cluster: cluster.name },
      ...(karmada ? [{ kubeconfig_file: karmada.kubeconfigFile, cluster: cluster.name }] : []),
    ],
    ...(karmada && { karmada: { kubeconfig_file: karmada.kubeconfigFile } }),
  };
}

function keep(label: string, regex: string): unknown {
  return { source_labels: [label], regex, action: 'keep' };
}

function copy(from: string, to: string): unknown {
  return { source_labels: [from], target_label: to };
}

/** A region that is down mutes what is said of its clusters; all pages go to the demo's own receiver. */
function alertmanagerConfig({ controlUrl }: DemoEndpoints): unknown {
  return {
    route: {
      receiver: 'demo',
      group_by: ['federation', 'region', 'alertname'],
      group_wait: '5s',
      group_interval: '10s',
      repeat_interval: '4h',
    },
    inhibit_rules: [
      {
        source_matchers: ['alertname="KarmadaRegionDown"'],
        target_matchers: ['alertname=~"KarmadaClusterNotReady|KarmadaClusterSilent"'],
        equal: ['federation', 'region'],
      },
    ],
    receivers: [{ name: 'demo', webhook_configs: [{ url: `${controlUrl}/webhook`, send_resolved: true }] }],
  };
}
