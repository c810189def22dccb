import type { Clock } from '../../runtime/clock.ts';
import { KARMADA_RESOURCES } from './api-resources.ts';
import { EventRecorder } from './event-recorder.ts';
import { EXPOSITION_CONTENT_TYPE } from './exposition.ts';
import { createKubernetesApi } from './kubernetes-api.ts';
import type { ClusterDependencies, MemberCluster } from './member-cluster.ts';
import { leaseObject, namespaceObject } from './member-objects.ts';
import { Membership } from './membership.ts';
import type { Port } from './network.ts';
import { ObjectStore } from './object-store.ts';
import { ApiServerPage, KARMADA_BACKGROUND, PROXY_TO_DEAD_MEMBER } from './pages/api-server.ts';
import { ControllerManagerPage } from './pages/karmada-controller-manager.ts';
import { SchedulerPage } from './pages/karmada-scheduler.ts';
import { NAMESPACES } from './topology.ts';

/** karmada-controller-manager, -scheduler and -agent renew their leader Leases every two seconds. */
const LEADER_RENEW_MS = 2_000;
const LEADER_LEASE_S = 15;

/** The heartbeat of a pull member, renewed by its agent. */
const HEARTBEAT_LEASE_S = 40;
const HEARTBEAT_INTERVAL_MS = 10_000;

/** Karmada's control plane, running in the host cluster: its API and its components' pages. */
export class ControlPlane {
  readonly store = new ObjectStore();
  readonly events: EventRecorder;
  readonly controllerManager: ControllerManagerPage;
  readonly scheduler: SchedulerPage;
  readonly membership: Membership;
  readonly #clock: Clock;
  readonly #deps: ClusterDependencies;
  readonly #apiPort: Port;
  readonly #apiServer: ApiServerPage;
  readonly #startedMs: number;
  #sinceLeasesMs = 0;

  constructor(host: MemberCluster, dependencies: ClusterDependencies) {
    const { clock, random, network, token } = dependencies;
    this.#clock = clock;
    this.#deps = dependencies;
    this.#startedMs = clock.now();
    this.events = new EventRecorder(this.store, clock, random);
    this.controllerManager = new ControllerManagerPage(random, this.#startedMs);
    this.scheduler = new SchedulerPage(random, this.#startedMs);
    this.#apiServer = new ApiServerPage({
      store: this.store,
      resources: KARMADA_RESOURCES,
      random,
      background: KARMADA_BACKGROUND,
      apiServices: [
        'v1.',
        'v1.apps',
        'v1alpha1.cluster.karmada.io',
        'v1alpha1.policy.karmada.io',
        'v1alpha2.work.karmada.io',
      ],
      startedMs: this.#startedMs,
    });
    this.#apiPort = network.take(
      createKubernetesApi({
        store: this.store,
        resources: KARMADA_RESOURCES,
        clock,
        ...(token !== undefined && { token }),
        metrics: () => ({ contentType: EXPOSITION_CONTENT_TYPE, text: this.#apiServer.render(clock.now()) }),
        onRequest: (request) => this.#apiServer.served(request),
      }),
    );
    this.membership = new Membership({
      clock,
      random,
      store: this.store,
      events: this.events,
      controllerManager: this.controllerManager,
      karmadaHost: this.#apiHost,
    });
    this.#runIn(host);
    for (const name of ['default', 'karmada-system', 'karmada-cluster', ...NAMESPACES]) {
      this.store.put('namespaces', namespaceObject(name, random.uid(), this.#startedMs));
    }
    this.#renewLeases();
  }

  get apiUrl(): string {
    return `http://${this.#apiHost}`;
  }

  tick(seconds: number): void {
    const proxied = Array.from({ length: this.membership.notReady }, () => PROXY_TO_DEAD_MEMBER).flat();
    this.#apiServer.tick(seconds, proxied);
    this.controllerManager.tick(seconds, this.#apiHost);
    this.scheduler.tick(seconds, this.#apiHost);
    this.membership.tick(seconds);
    this.#sinceLeasesMs += seconds * 1000;
    if (this.#sinceLeasesMs >= LEADER_RENEW_MS) this.#renewLeases();
  }

  get #apiHost(): string {
    return `127.0.0.1:${this.#apiPort.number}`;
  }

  #runIn(host: MemberCluster): void {
    const { random } = this.#deps;
    const namespace = 'karmada-system';
    const pod = (app: string) => ({
      namespace,
      name: `${app}-${random.suffix(9)}-${random.suffix(5)}`,
      labels: { app },
    });
    host.components.add({ ...pod('karmada-apiserver'), port: this.#apiPort });
    host.components.serve({
      ...pod('karmada-controller-manager'),
      render: () => this.controllerManager.render(this.#clock.now()),
    });
    host.components.serve({
      ...pod('karmada-scheduler'),
      render: () => this.scheduler.render(this.#clock.now()),
    });
  }

  #renewLeases(): void {
    this.#sinceLeasesMs = 0;
    for (const name of ['karmada-controller-manager', 'karmada-scheduler']) {
      this.#renew(name, 'karmada-system', 'karmada-host-1', LEADER_LEASE_S);
    }
    for (const name of this.membership.heartbeats) {
      this.#renew(`karmada-agent-${name}`, 'karmada-system', `${name}-cp-1`, LEADER_LEASE_S);
      this.#renew(name, 'karmada-cluster', name, HEARTBEAT_LEASE_S, HEARTBEAT_INTERVAL_MS);
    }
  }

  #renew(name: string, namespace: string, holder: string, durationS: number, everyMs = 0): void {
    const nowMs = this.#clock.now();
    const old = this.store.get('leases', namespace, name);
    const renewed = Date.parse((old?.['spec'] as { renewTime?: string } | undefined)?.renewTime ?? '');
    if (nowMs - renewed < everyMs) return;
    const uid = old?.metadata.uid ?? this.#deps.random.uid();
    this.store.put(
      'leases',
      leaseObject({ name, namespace, uid, holder, durationS, createdMs: this.#startedMs, renewedMs: nowMs }),
    );
  }
}
