import { type ApiResource, apiVersionOf } from '../api-resources.ts';
import type { ServedRequest } from '../kubernetes-api.ts';
import { MetricSet } from '../metric-set.ts';
import type { ObjectStore } from '../object-store.ts';
import type { Random } from '../random.ts';
import { writeProcess } from './process.ts';

/** A kind of request that the cluster's own components keep making. */
export interface BackgroundRequest {
  verb: string;
  group: string;
  version: string;
  resource: string;
  subresource: string;
  scope: string;
  component: string;
  systemClient: string;
  code: string;
  perSecond: number;
}

/** Rates of a member with two dozen Deployments, rounded from the recorded member pages. */
export const MEMBER_BACKGROUND = parseRequests(`
  GET   200 v1                     nodes              resource 1.2  kube-controller-manager
  PATCH 200 v1                     nodes/status       resource 0.4
  LIST  200 v1                     pods               cluster  0.3
  PATCH 200 v1                     pods/status        resource 1.5
  POST  201 v1                     events             resource 0.8
  PUT   200 coordination.k8s.io/v1 leases             resource 2.4
  GET   200 coordination.k8s.io/v1 leases             resource 1.1
  PUT   200 apps/v1                deployments/status resource 0.5  kube-controller-manager
  PUT   409 apps/v1                deployments/status resource 0.02 kube-controller-manager
  GET   200 apps/v1                deployments        resource 2
  GET   200 -                      //readyz           -        1    kube-apiserver
`);

/** The same for Karmada's own API server: Works, bindings and their status are most of it. */
export const KARMADA_BACKGROUND = parseRequests(`
  PATCH 200 v1                           events                  resource  9
  POST  201 v1                           events                  resource  6
  PUT   200 work.karmada.io/v1alpha1     works/status            resource  6
  PUT   409 work.karmada.io/v1alpha1     works/status            resource  0.8
  POST  201 work.karmada.io/v1alpha1     works                   resource  1
  PUT   200 work.karmada.io/v1alpha1     works                   resource  0.5
  LIST  500 work.karmada.io/v1alpha1     works                   namespace 0.004
  PUT   200 work.karmada.io/v1alpha2     resourcebindings/status resource  1.6
  PATCH 200 work.karmada.io/v1alpha2     resourcebindings/status resource  0.8
  PUT   200 work.karmada.io/v1alpha2     resourcebindings        resource  0.5
  GET   200 apps/v1                      deployments             resource  1.3
  PUT   200 apps/v1                      deployments/status      resource  1
  LIST  200 cluster.karmada.io/v1alpha1  clusters                cluster   0.2
  PUT   200 cluster.karmada.io/v1alpha1  clusters/status         resource  0.6
  PUT   200 coordination.k8s.io/v1       leases                  resource  2.4
  GET   200 -                            //readyz                -         1    kube-apiserver
`);

/** `/clusters/<name>/proxy` of a member that is gone: recorded as 500 "connection refused". */
export const PROXY_TO_DEAD_MEMBER = parseRequests(`
  CONNECT 500 cluster.karmada.io/v1alpha1 clusters/proxy resource 0.05
`);

const DURATION_MEDIANS_S: Readonly<Record<string, number>> = {
  GET: 0.003,
  LIST: 0.02,
  PATCH: 0.008,
  POST: 0.008,
  PUT: 0.007,
};
const DURATION_SPREAD = 1;
const SHORTEST_S = 0.0005;
const OBJECT_BYTES = 4_500;

export interface ApiServerPageOptions {
  store: ObjectStore;
  /** What it serves, and so stores. */
  resources: readonly ApiResource[];
  random: Random;
  background: readonly BackgroundRequest[];
  apiServices: readonly string[];
  startedMs: number;
}

/** A kube-apiserver's /metrics, of a member or of Karmada. */
export class ApiServerPage {
  readonly #options: ApiServerPageOptions;
  readonly #metrics = new MetricSet();
  readonly #carry = new Map<BackgroundRequest, number>();
  #requestsPerSecond = 0;

  constructor(options: ApiServerPageOptions) {
    this.#options = options;
    this.#metrics
      .gauge('version_info', { binary: '1.36.2', component: 'kube', emulation: '1.36', min_compat: '1.35' })
      .set(1);
    for (const name of options.apiServices)
      this.#metrics.gauge('aggregator_unavailable_apiservice', { name }).set(0);
  }

  /** The components' requests of the last `seconds`, `extra` being those of an incident. */
  tick(seconds: number, extra: readonly BackgroundRequest[] = []): void {
    let total = 0;
    for (const kind of [...this.#options.background, ...extra]) {
      const expected =
        (this.#carry.get(kind) ?? 0) + kind.perSecond * seconds * this.#options.random.between(0.8, 1.2);
      const count = Math.floor(expected);
      this.#carry.set(kind, expected - count);
      if (count > 0) this.#count(kind, count, DURATION_MEDIANS_S[kind.verb] ?? 0.01);
      total += count;
    }
    this.#requestsPerSecond = total / seconds;
  }

  /** A request that really reached the simulator. */
  served({ verb, api, scope, code, seconds }: ServedRequest): void {
    const kind = {
      verb,
      code: `${code}`,
      ...groupVersionOf(api),
      resource: api.resource,
      subresource: '',
      scope,
    };
    this.#count(
      { ...kind, component: 'apiserver', systemClient: '', perSecond: 0 },
      1,
      Math.max(seconds, SHORTEST_S),
    );
  }

  render(nowMs: number): string {
    const { store, resources, startedMs } = this.#options;
    this.#metrics
      .gauge('apiserver_current_inflight_requests', { request_kind: 'mutating' })
      .set(Math.round(this.#requestsPerSecond / 40));
    this.#metrics.gauge('apiserver_current_inflight_requests', { request_kind: 'readOnly' }).set(1);
    this.#metrics
      .gauge('apiserver_storage_size_bytes', { storage_cluster_id: 'etcd-0' })
      .set(2 ** 24 + store.resourceVersion * 900);
    for (const api of resources) {
      const { resource } = api;
      const { group, version } = groupVersionOf(api);
      const objects = store.count(resource);
      const qualified = group ? `${resource}.${group}` : resource;
      this.#metrics.gauge('apiserver_resource_objects', { group, resource }).set(objects);
      this.#metrics.gauge('apiserver_storage_objects', { resource: qualified }).set(objects);
      this.#metrics
        .gauge('apiserver_longrunning_requests', {
          component: 'apiserver',
          group,
          resource,
          scope: 'cluster',
          subresource: '',
          verb: 'WATCH',
          version,
        })
        .set(store.watchers(resource));
      const sent = this.#metrics.counter('apiserver_watch_events_total', { group, resource, version });
      sent.add(Math.max(0, store.changes(resource) * 3 - sent.value));
    }
    const objects = resources.reduce((sum, { resource }) => sum + store.count(resource), 0);
    writeProcess(
      this.#metrics,
      {
        startedMs,
        cpuShare: 0.06 + this.#requestsPerSecond / 400,
        residentBytes: 280e6 + objects * OBJECT_BYTES,
        goroutines: 640,
      },
      nowMs,
    );
    return this.#metrics.render();
  }

  #count(kind: BackgroundRequest, count: number, medianS: number): void {
    const { code, component, group, resource, scope, subresource, verb, version } = kind;
    const of = { component, dry_run: '', group, resource, scope, subresource };
    this.#metrics
      .counter('apiserver_request_total', { code, ...of, system_client: kind.systemClient, verb, version })
      .add(count);
    this.#metrics
      .histogram('apiserver_request_duration_seconds', { ...of, verb, version })
      .observeMany(count, medianS, DURATION_SPREAD);
  }
}

function groupVersionOf(api: ApiResource): { group: string; version: string } {
  const [version, group = ''] = apiVersionOf(api).split('/').reverse() as [string, string?];
  return { group, version };
}

/** Lines of: verb, code, group/version, resource/subresource, scope, requests per second, system client. */
function parseRequests(table: string): BackgroundRequest[] {
  return table
    .trim()
    .split('\n')
    .map((line) => {
      const [verb, code, api, path, scope, perSecond, systemClient = ''] = line
        .trim()
        .split(/\s+/) as string[];
      const [version, group = ''] = api === '-' ? [''] : (api!.split('/').reverse() as [string, string?]);
      const slash = path!.indexOf('/');
      const resource = slash < 0 ? path! : path!.slice(0, slash);
      return {
        verb: verb!,
        code: code!,
        group,
        version,
        resource,
        subresource: slash < 0 ? '' : path!.slice(slash + 1),
        scope: scope === '-' ? '' : scope!,
        component: resource === '' ? '' : 'apiserver',
        systemClient,
        perSecond: Number(perSecond),
      };
    });
}
