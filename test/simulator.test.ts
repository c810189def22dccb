import { readdirSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { KubernetesObject } from '../deploy/simulator/object-store.ts';
import { sharedPath } from './shared.ts';
import { startTestFederation } from './simulated-federation.ts';

// What the simulator serves, held against the recordings of a real federation. Its pages are made of its own
// model, so values differ; names, types, helps, labels, orders and delays may not.
const captures = sharedPath('captures');
const described = captures === undefined ? describe.skip : describe;

type TestFederation = Awaited<ReturnType<typeof startTestFederation>>;
let federation: TestFederation;

beforeAll(async () => {
  if (captures !== undefined) federation = await startTestFederation();
});
afterAll(async () => {
  await federation?.stop();
});

const read = (...parts: string[]): string => {
  const plain = sharedPath('captures', ...parts);
  if (plain !== undefined) return readFileSync(plain, 'utf8');
  const packed = sharedPath('captures', ...parts.slice(0, -1), `${parts.at(-1)}.gz`);
  if (packed === undefined) throw new Error(`no recording ${parts.join('/')}`);
  return gunzipSync(readFileSync(packed)).toString('utf8');
};

interface SeenFamily {
  type: string;
  help: string;
  /** Label names of its series in their order, without those of the format itself. */
  labels: Set<string>;
  /** `label=value` for the labels whose values are a closed set. */
  values: Set<string>;
}

/** Labels that name kinds of things, so that a value nobody recorded would be a mistake. */
const CLOSED = new Set(
  'apiversion condition controller event extension_point kind name operationResult phase plugin priority quantile ' +
    'recreate request_kind resource_kind result schedule_step schedule_type scope status type unit verb',
).add('');
for (const label of [...CLOSED].flatMap((text) => text.split(' '))) CLOSED.add(label);

function readPage(...pages: string[]): Map<string, SeenFamily> {
  const families = new Map<string, SeenFamily>();
  for (const line of pages.flatMap((page) => page.split('\n'))) {
    const head = /^# (HELP|TYPE) (\S+) ?(.*)$/.exec(line);
    if (head) {
      const family = families.get(head[2]!) ?? { type: '', help: '', labels: new Set(), values: new Set() };
      families.set(head[2]!, family);
      if (head[1] === 'TYPE') family.type = head[3]!;
      else family.help = head[3]!;
      continue;
    }
    const sample = /^([^{\s]+)(?:\{(.*)\})? /.exec(line);
    if (!sample) continue;
    const name = sample[1]!;
    const family = families.get(name) ?? families.get(name.replace(/_(bucket|sum|count)$/, ''));
    if (!family) throw new Error(`a sample without its head: ${line}`);
    const pairs = [...(sample[2] ?? '').matchAll(/([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g)];
    const own = pairs.filter(([, label]) => label !== 'le' && label !== 'quantile');
    family.labels.add(own.map(([, label]) => label).join(','));
    for (const [, label, value] of own) if (CLOSED.has(label!)) family.values.add(`${label}=${value}`);
  }
  for (const [name, family] of families) if (family.labels.size === 0) families.delete(name);
  return families;
}

/** The recorded component behind each simulated page, and the page. */
const PAGES: Readonly<Record<string, () => Promise<string>>> = {
  'karmada-controller-manager': () => federation.podPage('karmada-host', 'app', 'karmada-controller-manager'),
  'karmada-scheduler': () => federation.podPage('karmada-host', 'app', 'karmada-scheduler'),
  'karmada-agent.prod-ap-1': () => federation.podPage('prod-ap-2', 'app', 'karmada-agent'),
  'karmada-apiserver': () => federation.apiPage('karmada'),
  'kube-apiserver.prod-eu-1': () => federation.apiPage('prod-eu-1'),
  'kube-state-metrics.prod-eu-1': () =>
    federation.podPage('prod-eu-1', 'app.kubernetes.io/name', 'kube-state-metrics'),
  'kwok-node-resource.prod-eu-1': async () => {
    const [node] = await federation.list('prod-eu-1', '/api/v1/nodes');
    const { daemonEndpoints } = node!['status'] as { daemonEndpoints: { kubeletEndpoint: { Port: number } } };
    return federation.getText(`http://127.0.0.1:${daemonEndpoints.kubeletEndpoint.Port}/metrics/resource`);
  },
};

const PHASES = ['after-rollout', 'during-failover', 'recovered'];

function recorded(component: string): Map<string, SeenFamily> {
  const pages = PHASES.map((phase) => {
    try {
      return read('metrics', component, `${phase}.prom`);
    } catch {
      return '';
    }
  });
  return readPage(...pages);
}

described('pages against the recordings', () => {
  beforeAll(async () => {
    // A region goes and comes, so that what only shows in an outage is there, too.
    await federation.clock.advance(20_000);
    await federation.play('region-lost', { region: 'us-east-1' });
    await federation.clock.advance(60_000);
    await federation.play('recovery');
    await federation.clock.advance(300_000);
  }, 60_000);

  test.each(Object.keys(PAGES))(
    '%s: every family has its recorded type, help and labels',
    async (component) => {
      const real = recorded(component);
      const differences: string[] = [];
      for (const [name, family] of readPage(await PAGES[component]!())) {
        const known = real.get(name);
        if (!known) {
          differences.push(`${name}: not on the recorded page`);
          continue;
        }
        if (known.type !== family.type)
          differences.push(`${name}: type ${family.type}, recorded ${known.type}`);
        if (known.help !== family.help)
          differences.push(`${name}: help "${family.help}", recorded "${known.help}"`);
        for (const labels of family.labels) {
          if (!known.labels.has(labels))
            differences.push(`${name}: labels ${labels}, recorded ${[...known.labels].join(' or ')}`);
        }
        for (const value of family.values)
          if (!known.values.has(value)) differences.push(`${name}: ${value} was never recorded`);
      }
      expect(differences).toEqual([]);
    },
  );

  test('what is not simulated is listed by name', async () => {
    const components = readdirSync(sharedPath('captures', 'metrics')!).filter(
      (name) => !name.startsWith('index'),
    );
    const simulated = new Set(Object.keys(PAGES).map(withoutCluster));
    const pages = [...new Set(components.map(withoutCluster))].filter((name) => !simulated.has(name));
    const families: [component: string, missing: string[]][] = [];
    for (const component of Object.keys(PAGES)) {
      const ours = readPage(await PAGES[component]!());
      const missing = [...recorded(component).keys()].filter((name) => !ours.has(name));
      families.push([withoutCluster(component), missing.sort()]);
    }
    // After a deliberate change: vitest run test/simulator.test.ts -u
    await expect(notSimulatedText(pages.sort(), families)).toMatchFileSnapshot(
      '../deploy/simulator/not-simulated.md',
    );
  });
});

/** The list as a document; what a Go program says of its runtime is missing everywhere and listed once. */
function notSimulatedText(
  pages: readonly string[],
  families: readonly [string, readonly string[]][],
): string {
  const runtime = new Set(
    families.flatMap(([, missing]) => missing.filter((name) => name.startsWith('go_'))),
  );
  const section = (title: string, names: readonly string[]) =>
    `## ${title}\n\n${names.length === 0 ? 'Nothing is missing.\n' : names.map((name) => `- \`${name}\`\n`).join('')}`;
  return [
    '# What the simulator leaves out\n\nHeld equal to reality by `test/simulator.test.ts`, which compares it with recorded pages.\n',
    section('Pages', pages),
    ...families.map(([component, missing]) =>
      section(
        `Families of ${component}`,
        missing.filter((name) => !name.startsWith('go_')),
      ),
    ),
    section('Families of the Go runtime, on every page that has them', [...runtime].sort()),
  ].join('\n');
}

function withoutCluster(component: string): string {
  return component.replace(/\.prod-\w+-\d$/, '');
}

/** One change of a Cluster as a watch sees it: when, and what it then says. */
interface Transition {
  afterMs: number;
  state: string;
}

function stateOf(cluster: KubernetesObject): string {
  const { conditions } = cluster['status'] as {
    conditions: { type: string; status: string; reason: string; message: string }[];
  };
  const ready = conditions.find(({ type }) => type === 'Ready')!;
  const { taints = [] } = cluster['spec'] as { taints?: { key: string; effect: string }[] };
  const taintText = taints.map(({ key, effect }) => `${key}:${effect}`).join(' ');
  return `${ready.status} ${ready.reason} "${ready.message}" [${taintText}]`;
}

described('what Karmada says of a lost member, against the recordings', () => {
  /** Changes of state only; the many changes of its resource summary tell nothing here. */
  const changes = (
    events: readonly { t: number; cluster: KubernetesObject }[],
    fromMs: number,
    untilMs: number,
  ) => {
    const found: Transition[] = [];
    let last = '';
    for (const { t, cluster } of events) {
      const state = stateOf(cluster);
      if (state !== last && t >= fromMs && t < untilMs) found.push({ afterMs: t - fromMs, state });
      last = state;
    }
    return found;
  };

  const recordedChanges = (cluster: string, from: RegExp, until: RegExp) => {
    const steps = read('scenario.jsonl')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { t: string; step: string });
    const at = (pattern: RegExp) => Date.parse(steps.find(({ step }) => pattern.test(step))!.t);
    const events = read('watch', 'karmada-apiserver', 'clusters.jsonl')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { t: number; event?: { type: string; object: KubernetesObject } })
      .filter(({ event }) => event?.object.metadata.name === cluster)
      .map(({ t, event }) => ({ t, cluster: event!.object }));
    return changes(events, at(from), at(until));
  };

  /** The same from the simulator: lost at 0, back at `backMs`, watched to the end. */
  const simulated = async (name: string, region: string) => {
    const other = await startTestFederation({ nodes: 1, workloads: 3 });
    const events: { t: number; cluster: KubernetesObject }[] = [];
    other.federation.control.store.watch('clusters', ({ object }) => {
      if (object.metadata.name === name) events.push({ t: other.clock.now(), cluster: object });
    });
    const lostMs = other.clock.now();
    await other.play('region-lost', { region });
    await other.clock.advance(90_000);
    await other.play('recovery');
    let readyMs = other.clock.now();
    while (!other.federation.members.get(name)!.powered) {
      await other.clock.advance(1);
      readyMs = other.clock.now();
    }
    await other.clock.advance(60_000);
    await other.stop();
    return {
      lost: changes(events, lostMs, readyMs),
      back: changes(events, readyMs, Number.POSITIVE_INFINITY),
    };
  };

  const compare = (actual: readonly Transition[], real: readonly Transition[]) => {
    expect(actual.map(({ state }) => state)).toEqual(real.map(({ state }) => state));
    // The recording is exact to the millisecond in which the watch got the event.
    for (const [i, { afterMs }] of actual.entries())
      expect(Math.abs(afterMs - real[i]!.afterMs)).toBeLessThanOrEqual(10);
  };

  test('a push member whose API server refuses connections, and its return', async () => {
    const { lost, back } = await simulated('prod-us-1', 'us-east-1');
    compare(lost, recordedChanges('prod-us-1', /kube-apiserver stopped/, /kube-apiserver started again/));
    compare(back, recordedChanges('prod-us-1', /kube-apiserver readyz 200/, /scenario-5 begin/));
  });

  test('a pull member whose agent is gone, and its return', async () => {
    const { lost, back } = await simulated('prod-ap-2', 'ap-southeast-1');
    compare(
      lost,
      recordedChanges('prod-ap-1', /karmada-agent of prod-ap-1 stopped/, /karmada-agent started again/),
    );
    compare(
      back,
      recordedChanges(
        'prod-ap-1',
        /karmada-agent started again/,
        /series recording ended for good|snapshot final/,
      ),
    );
  });
});

described('objects against the recordings', () => {
  /** Paths of all fields, list items under `[]`. */
  const paths = (value: unknown, prefix = ''): string[] => {
    if (Array.isArray(value)) return value.flatMap((item) => paths(item, `${prefix}[]`));
    if (value === null || typeof value !== 'object' || MAPS.has(prefix)) return [prefix];
    return Object.entries(value).flatMap(([key, item]) => paths(item, `${prefix}.${key}`));
  };
  /** Their keys are data, and an object without any may well have some elsewhere. */
  const MAPS = new Set(['.metadata.labels', '.metadata.annotations', '.spec.selector.matchLabels']);

  test.each([
    ['karmada', '/apis/cluster.karmada.io/v1alpha1/clusters', 'karmada-apiserver', 'clusters.json'],
    ['karmada', '/api/v1/events', 'karmada-apiserver', 'events.json'],
    ['karmada', '/apis/coordination.k8s.io/v1/leases', 'karmada-apiserver', 'leases.json'],
    ['prod-eu-1', '/api/v1/nodes', 'kube-apiserver.prod-eu-1', 'nodes.json'],
    ['prod-eu-1', '/api/v1/pods', 'kube-apiserver.prod-eu-1', 'pods.json'],
    ['prod-eu-1', '/api/v1/events', 'kube-apiserver.prod-eu-1', 'events.json'],
    ['prod-eu-1', '/apis/apps/v1/deployments', 'kube-apiserver.prod-eu-1', 'deployments.json'],
    ['prod-eu-1', '/apis/coordination.k8s.io/v1/leases', 'kube-apiserver.prod-eu-1', 'leases.json'],
  ])('%s%s: every field is one that was recorded', async (cluster, path, recordedAt, file) => {
    const known = new Set(
      ['baseline', 'after-rollout', 'during-failover', 'recovered', 'agent-down'].flatMap((phase) => {
        const text = read('objects', phase, recordedAt, file);
        return (JSON.parse(text) as { items: unknown[] }).items.flatMap((item) => paths(item));
      }),
    );
    const ours = new Set((await federation.list(cluster, path)).flatMap((item) => paths(item)));
    expect([...ours].filter((field) => !known.has(field) && !MAPS.has(field))).toEqual([]);
    expect(ours.size).toBeGreaterThan(0);
  });
});
