import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { sharedPath } from '../../test/shared.ts';
import { type Node, nodeTargets, type Pod, podTargets } from './kubernetes-targets.ts';

const recorded = sharedPath('captures', 'objects', 'after-rollout');

describe('podTargets', () => {
  test('gives a target for each port, and one without a port for a container that has none', () => {
    const pod = parse(`
metadata:
  name: api-0
  namespace: shop
  uid: abc
  labels: { app.kubernetes.io/name: api, empty: "" }
  annotations: { prometheus.io/scrape: "true" }
  ownerReferences: [{ kind: Job, name: other }, { kind: ReplicaSet, name: api-7d, controller: true }]
spec:
  nodeName: node-1
  containers:
    - { name: api, image: api:1, ports: [{ name: http, containerPort: 8080, protocol: TCP }, { containerPort: 9090 }] }
    - { name: sidecar, image: sidecar:2 }
  initContainers: [{ name: init, image: init:3 }]
status:
  phase: Running
  podIP: 10.1.0.7
  hostIP: 192.168.0.1
  conditions: [{ type: Ready, status: "True" }]
  containerStatuses: [{ name: api, containerID: "containerd://1" }]
`) as Pod;
    expect(podTargets(pod)).toEqual({
      source: 'pod/shop/api-0',
      targets: [
        {
          __address__: '10.1.0.7:8080',
          __meta_kubernetes_pod_container_id: 'containerd://1',
          __meta_kubernetes_pod_container_image: 'api:1',
          __meta_kubernetes_pod_container_init: 'false',
          __meta_kubernetes_pod_container_name: 'api',
          __meta_kubernetes_pod_container_port_name: 'http',
          __meta_kubernetes_pod_container_port_number: '8080',
          __meta_kubernetes_pod_container_port_protocol: 'TCP',
        },
        {
          __address__: '10.1.0.7:9090',
          __meta_kubernetes_pod_container_id: 'containerd://1',
          __meta_kubernetes_pod_container_image: 'api:1',
          __meta_kubernetes_pod_container_init: 'false',
          __meta_kubernetes_pod_container_name: 'api',
          __meta_kubernetes_pod_container_port_name: '',
          __meta_kubernetes_pod_container_port_number: '9090',
          __meta_kubernetes_pod_container_port_protocol: 'TCP',
        },
        {
          __address__: '10.1.0.7',
          __meta_kubernetes_pod_container_id: '',
          __meta_kubernetes_pod_container_image: 'sidecar:2',
          __meta_kubernetes_pod_container_init: 'false',
          __meta_kubernetes_pod_container_name: 'sidecar',
        },
        {
          __address__: '10.1.0.7',
          __meta_kubernetes_pod_container_id: '',
          __meta_kubernetes_pod_container_image: 'init:3',
          __meta_kubernetes_pod_container_init: 'true',
          __meta_kubernetes_pod_container_name: 'init',
        },
      ],
      labels: {
        __meta_kubernetes_namespace: 'shop',
        __meta_kubernetes_pod_annotation_prometheus_io_scrape: 'true',
        __meta_kubernetes_pod_annotationpresent_prometheus_io_scrape: 'true',
        __meta_kubernetes_pod_controller_kind: 'ReplicaSet',
        __meta_kubernetes_pod_controller_name: 'api-7d',
        __meta_kubernetes_pod_host_ip: '192.168.0.1',
        __meta_kubernetes_pod_ip: '10.1.0.7',
        __meta_kubernetes_pod_label_app_kubernetes_io_name: 'api',
        __meta_kubernetes_pod_label_empty: '',
        __meta_kubernetes_pod_labelpresent_app_kubernetes_io_name: 'true',
        __meta_kubernetes_pod_labelpresent_empty: 'true',
        __meta_kubernetes_pod_name: 'api-0',
        __meta_kubernetes_pod_node_name: 'node-1',
        __meta_kubernetes_pod_phase: 'Running',
        __meta_kubernetes_pod_ready: 'true',
        __meta_kubernetes_pod_uid: 'abc',
      },
    });
  });

  test('gives none for a pod that has no address yet', () => {
    const pod = parse('metadata: { name: a, namespace: b }\nstatus: { phase: Pending }') as Pod;
    expect(podTargets(pod)).toEqual({ source: 'pod/b/a', targets: [], labels: {} });
  });

  test('brackets an IPv6 address before a port', () => {
    const pod = parse(`
metadata: { name: a, namespace: b }
spec: { containers: [{ name: c, ports: [{ containerPort: 80 }] }] }
status: { podIP: "fd00::7" }
`) as Pod;
    expect(podTargets(pod).targets[0]!['__address__']).toBe('[fd00::7]:80');
  });
});

describe('nodeTargets', () => {
  test("is the node's kubelet, at the address Prometheus prefers", () => {
    const node = parse(`
metadata: { name: node-1, labels: { topology.kubernetes.io/zone: eu-west-1a } }
spec: { providerID: "aws:///i-1" }
status:
  addresses: [{ type: Hostname, address: node-1 }, { type: InternalIP, address: 10.0.0.4 }, { type: InternalIP, address: "fd00::4" }]
  daemonEndpoints: { kubeletEndpoint: { Port: 10250 } }
`) as Node;
    expect(nodeTargets(node)).toEqual({
      source: 'node/node-1',
      targets: [
        {
          __address__: '10.0.0.4:10250',
          __meta_kubernetes_node_address_Hostname: 'node-1',
          __meta_kubernetes_node_address_InternalIP: '10.0.0.4',
          instance: 'node-1',
        },
      ],
      labels: {
        __meta_kubernetes_node_label_topology_kubernetes_io_zone: 'eu-west-1a',
        __meta_kubernetes_node_labelpresent_topology_kubernetes_io_zone: 'true',
        __meta_kubernetes_node_name: 'node-1',
        __meta_kubernetes_node_provider_id: 'aws:///i-1',
      },
    });
  });

  test('gives none for a node without an address', () => {
    const node = parse('metadata: { name: a }\nstatus: {}') as Node;
    expect(nodeTargets(node).targets).toEqual([]);
  });
});

describe.skipIf(!recorded)('recorded objects', () => {
  test('each running pod and each node of the real federation is a target', () => {
    let pods = 0;
    for (const cluster of readdirSync(recorded!).filter((name) => name.startsWith('kube-apiserver'))) {
      for (const pod of items<Pod>(join(recorded!, cluster), 'pods')) {
        const { targets, labels } = podTargets(pod);
        expect(targets.length > 0).toBe(Boolean(pod.status?.podIP));
        if (targets.length === 0) continue;
        pods++;
        expect(labels['__meta_kubernetes_pod_controller_kind']).toMatch(/^(ReplicaSet|Job)$/);
      }
      for (const node of items<Node>(join(recorded!, cluster), 'nodes'))
        expect(nodeTargets(node).targets[0]!['__address__']).toMatch(/^[\d.]+:\d+$/);
    }
    expect(pods).toBeGreaterThan(100);
  });
});

function items<T>(folder: string, collection: string): T[] {
  const file = readdirSync(folder).find((name) => name.startsWith(`${collection}.json`))!;
  const bytes = readFileSync(join(folder, file));
  return JSON.parse((file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString()).items;
}
