import { afterEach, expect, test } from 'vitest';
import { answers, portOf, startTestFederation } from '../../test/simulated-federation.ts';
import type { KubernetesObject } from './object-store.ts';

type TestFederation = Awaited<ReturnType<typeof startTestFederation>>;
let running: TestFederation | undefined;

afterEach(async () => {
  await running?.stop();
  running = undefined;
});

async function start(size = {}): Promise<TestFederation> {
  running = await startTestFederation(size);
  return running;
}

/** `prod-us-1 False/ClusterNotReachable not-ready`, a line for each member. */
async function clusterLines({ list }: TestFederation): Promise<string[]> {
  const clusters = await list('karmada', '/apis/cluster.karmada.io/v1alpha1/clusters');
  return clusters.map((cluster) => {
    const { conditions } = cluster['status'] as {
      conditions: { type: string; status: string; reason: string }[];
    };
    const ready = conditions.find(({ type }) => type === 'Ready')!;
    const { taints = [] } = cluster['spec'] as { taints?: { key: string; effect: string }[] };
    const taintText = taints.map(({ key, effect }) => `${key.split('/')[1]}:${effect}`).join(',');
    return [cluster.metadata.name, `${ready.status}/${ready.reason}`, taintText].filter(Boolean).join(' ');
  });
}

function sample(page: string, series: string): number {
  const line = page.split('\n').find((text) => text.startsWith(`${series} `));
  return line === undefined ? Number.NaN : Number(line.slice(series.length + 1));
}

test('a lost region: nothing there answers, Karmada notices a push member before a pull member', async () => {
  const federation = await start();
  const { clock, play, list, access, podPage } = federation;
  const pods = await list('prod-ap-1', '/api/v1/pods');
  const node = (await list('prod-ap-1', '/api/v1/nodes'))[0]!;
  const kubelet = (node['status'] as { daemonEndpoints: { kubeletEndpoint: { Port: number } } })
    .daemonEndpoints;
  const places = [
    `${access('prod-ap-1').url}/readyz`,
    `http://127.0.0.1:${kubelet.kubeletEndpoint.Port}/metrics/resource`,
    ...pods.map((pod) => `http://127.0.0.1:${portOf(pod)}/metrics`),
  ];
  for (const place of places) expect(await answers(place, true), place).toBe(true);

  expect((await play('region-lost', { region: 'ap-southeast-1' })).body).toEqual({
    lost: ['prod-ap-1', 'prod-ap-2'],
  });
  for (const place of places) expect(await answers(place, false), place).toBe(false);
  expect(await answers(`${access('prod-eu-1').url}/readyz`, true)).toBe(true);

  await clock.advance(20_000);
  expect(await clusterLines(federation)).toContain('prod-ap-1 True/ClusterReady');
  await clock.advance(1_000);
  expect(await clusterLines(federation)).toEqual([
    'prod-ap-1 False/ClusterNotReachable not-ready:NoSchedule,cluster-not-ready:NoExecute',
    'prod-ap-2 True/ClusterReady',
    'prod-eu-1 True/ClusterReady',
    'prod-eu-2 True/ClusterReady',
    'prod-us-1 True/ClusterReady',
    'prod-us-2 True/ClusterReady',
  ]);
  await clock.advance(15_000);
  expect(await clusterLines(federation)).toContain(
    'prod-ap-2 Unknown/ClusterStatusUnknown cluster-not-ready:NoExecute,unreachable:NoSchedule',
  );

  // The dead push member keeps its numbers, all but one; the pull member is on no page of the control plane.
  const page = await podPage('karmada-host', 'app', 'karmada-controller-manager');
  expect(sample(page, 'cluster_ready_state{member_cluster="prod-ap-1"}')).toBe(0);
  expect(sample(page, 'cluster_ready_node_number{member_cluster="prod-ap-1"}')).toBe(3);
  expect(page.includes('cluster_ready_state{member_cluster="prod-ap-2"}')).toBe(false);
});

test('evicted workloads move to ready clusters, and their users follow', async () => {
  const federation = await start();
  const { clock, play, podPage } = federation;
  await play('region-lost', { region: 'us-east-1' });
  await clock.advance(60_000);
  for (const { spec, placement } of federation.federation.propagation.workloads) {
    const lost = ['prod-us-1', 'prod-us-2'].filter((cluster) => placement.has(cluster));
    expect(lost, `${spec.namespace}/${spec.name}`).toEqual([]);
    const replicas = [...placement.values()].reduce((sum, count) => sum + count, 0);
    if (spec.scheduling === 'Divided') expect(replicas, spec.name).toBe(spec.replicas);
    for (const [cluster, count] of placement) {
      const pods = federation.federation.members.get(cluster)!.workloads.podsOf(spec.namespace, spec.name);
      const ready = pods.filter(({ pod }) => pod.startedMs !== undefined);
      expect(ready.length, `${spec.name} in ${cluster}`).toBeGreaterThanOrEqual(count);
    }
  }
  const page = await podPage('karmada-host', 'app', 'karmada-controller-manager');
  expect(sample(page, 'eviction_processing_total{name="binding-eviction",result="success"}')).toBeGreaterThan(
    5,
  );
  expect(sample(page, 'eviction_queue_depth{name="binding-eviction"}')).toBe(0);
  expect(
    sample(page, 'controller_runtime_reconcile_errors_total{controller="execution-controller"}'),
  ).toBeGreaterThan(400);
  const events = await federation.list('karmada', '/api/v1/events');
  const reasons = new Set(events.map((event) => event['reason']));
  for (const reason of ['TaintClusterSucceed', 'EvictWorkloadFromClusterSucceed', 'ScheduleBindingSucceed']) {
    expect(reasons).toContain(reason);
  }
});

test('recovery: everything answers again from zero, Karmada sees it in time, and old copies go late', async () => {
  const federation = await start();
  const { clock, play, access, list, podPage } = federation;
  const count = async () => {
    const page = await podPage('prod-us-1', 'tier', 'shop');
    return sample(page, 'http_requests_total{code="200",method="GET"}');
  };
  await clock.advance(30_000);
  const before = await count();
  await play('region-lost', { region: 'us-east-1' });
  await clock.advance(60_000);
  expect((await play('recovery')).body).toEqual({ recovering: ['prod-us-1', 'prod-us-2'] });
  await clock.advance(3_000);
  expect(await answers(`${access('prod-us-1').url}/readyz`, true)).toBe(true);
  expect(await count()).toBeLessThan(before);
  const restarts = await list('prod-us-1', '/api/v1/pods');
  expect(
    (restarts[0]!['status'] as { containerStatuses: { restartCount: number }[] }).containerStatuses[0]!
      .restartCount,
  ).toBe(1);

  expect(await clusterLines(federation)).toContain(
    'prod-us-1 False/ClusterNotReachable not-ready:NoSchedule,cluster-not-ready:NoExecute',
  );
  await clock.advance(28_000);
  expect(await clusterLines(federation)).toContain('prod-us-1 True/ClusterReady');

  const left = federation.federation.propagation.workloads.filter(({ leftBehind }) =>
    leftBehind.has('prod-us-1'),
  );
  expect(left.length).toBeGreaterThan(0);
  await clock.advance(240_000);
  for (const { spec } of left) {
    const { workloads } = federation.federation.members.get('prod-us-1')!;
    expect(workloads.podsOf(spec.namespace, spec.name), spec.name).toEqual([]);
  }
});

test('an outage shorter than Karmada needs to notice leaves no trace in its conditions', async () => {
  const federation = await start();
  const { clock, play } = federation;
  await play('region-lost', { region: 'us-east-1' });
  await clock.advance(10_000);
  await play('recovery');
  await clock.advance(60_000);
  for (const line of await clusterLines(federation)) expect(line).toMatch(/ True\/ClusterReady$/);
});

test('a rollout gives every cluster new pods in place of the old ones, and events that say so', async () => {
  const federation = await start();
  const { clock, list } = federation;
  const images = async () => {
    const pods = await list('prod-eu-1', '/api/v1/pods');
    return pods.map((pod) => (pod['spec'] as { containers: { image: string }[] }).containers[0]!.image);
  };
  const workload = federation.federation.propagation.workloads.find(({ placement }) =>
    placement.has('prod-eu-1'),
  )!;
  const { namespace, name } = workload.spec;
  const old = (await images()).filter((image) => image.endsWith(`${namespace}/${name}:v1`)).length;
  expect(old).toBeGreaterThan(0);
  federation.federation.propagation.update(workload);
  await clock.advance(7_000);
  expect((await images()).filter((image) => image.endsWith(`${namespace}/${name}:v2`)).length).toBe(old);
  expect((await images()).filter((image) => image.endsWith(`${namespace}/${name}:v1`)).length).toBe(0);
  const reasons = (events: KubernetesObject[]) => new Set(events.map((event) => event['reason']));
  const member = reasons(await list('prod-eu-1', `/api/v1/namespaces/${namespace}/events`));
  for (const reason of ['ScalingReplicaSet', 'SuccessfulCreate', 'Scheduled', 'Created'])
    expect(member).toContain(reason);
  const karmada = reasons(await list('karmada', `/api/v1/namespaces/${namespace}/events`));
  for (const reason of ['ApplyPolicySucceed', 'ScheduleBindingSucceed', 'SyncSucceed'])
    expect(karmada).toContain(reason);
});

test('pages, objects and the cluster summary agree', async () => {
  const federation = await start();
  const { clock, list, podPage } = federation;
  // Past the first rollout, and just past a status sync.
  await clock.advance(21_000);
  const pods = await list('prod-eu-1', '/api/v1/pods');
  const kubeState = await podPage('prod-eu-1', 'app.kubernetes.io/name', 'kube-state-metrics');
  const infos = kubeState.split('\n').filter((line) => line.startsWith('kube_pod_info{'));
  expect(infos.length).toBe(pods.length);
  for (const { metadata } of pods)
    expect(kubeState).toContain(`pod="${metadata.name}",uid="${metadata.uid}"`);
  const manager = await podPage('karmada-host', 'app', 'karmada-controller-manager');
  expect(sample(manager, 'cluster_pod_allocated_number{member_cluster="prod-eu-1"}')).toBe(pods.length);
  const agent = await podPage('prod-ap-2', 'app', 'karmada-agent');
  const pulled = await list('prod-ap-2', '/api/v1/pods');
  expect(sample(agent, 'cluster_pod_allocated_number{member_cluster="prod-ap-2"}')).toBe(pulled.length);
});

test('the same seed tells the same story', async () => {
  const story = async () => {
    const federation = await start({ seed: 5 });
    await federation.clock.advance(20_000);
    const page = await federation.podPage('prod-eu-1', 'tier', 'shop');
    const requests = page.split('\n').filter((line) => line.startsWith('http_requests_total'));
    const events = (await federation.list('karmada', '/api/v1/events')).map(({ metadata }) => metadata.name);
    await federation.stop();
    return { requests, events };
  };
  expect(await story()).toEqual(await story());
});

test.each([
  [
    'region-lost',
    { region: 'mars' },
    400,
    'Cannot lose region "mars": choose one of eu-west-1, us-east-1, ap-southeast-1',
  ],
  [
    'region-lost',
    {},
    400,
    'Cannot lose region undefined: choose one of eu-west-1, us-east-1, ap-southeast-1',
  ],
  [
    'earthquake',
    {},
    404,
    'Cannot POST /scenario/earthquake: there is GET /scenario, POST /scenario/region-lost, POST /scenario/recovery',
  ],
])('POST /scenario/%s with %j is refused with the way out', async (scenario, input, status, error) => {
  const { play } = await start({ nodes: 1, workloads: 1 });
  expect(await play(scenario, input)).toEqual({ status, body: { error } });
});
