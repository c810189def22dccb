import type { Clock } from '../../runtime/clock.ts';
import { ClusterLifecycle } from './cluster-lifecycle.ts';
import { ControlPlane } from './control-plane.ts';
import { Evictions } from './evictions.ts';
import { type ClusterDependencies, MemberCluster } from './member-cluster.ts';
import type { Network } from './network.ts';
import { Propagation } from './propagation.ts';
import { Random } from './random.ts';
import { hostSpec, memberSpecs, type SimulatorOptions, workloadSpecs } from './topology.ts';
import { Traffic } from './traffic.ts';

/** The model's step. Counters move once a second, whatever the scrape interval. */
const TICK_MS = 1_000;

/** Somebody rolls out a new version this often, so that a quiet federation has news. */
const ROLLOUT_MIN_MS = 45_000;
const ROLLOUT_MAX_MS = 90_000;
const FIRST_ROLLOUT_MS = 8_000;

export interface FederationOptions {
  size: SimulatorOptions;
  clock: Clock;
  network: Network;
  /** Makes the bearer token of an API server; undefined lets everybody in. */
  token: (apiServer: string) => string | undefined;
}

/** The one model under all pages, objects and events: nothing is shown that is not in here. */
export class Federation {
  readonly host: MemberCluster;
  readonly members: ReadonlyMap<string, MemberCluster>;
  readonly control: ControlPlane;
  readonly propagation: Propagation;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #traffic: Traffic;
  readonly #evictions: Evictions;
  readonly #lifecycle: ClusterLifecycle;
  #tickedMs: number;
  #rolloutMs: number;
  #cancelTick = () => {};

  constructor(options: FederationOptions) {
    const { size, clock, network, token } = options;
    this.#clock = clock;
    this.#random = new Random(size.seed);
    const dependencies = (apiServer: string): ClusterDependencies => ({
      clock,
      network,
      random: this.#random,
      token: token(apiServer),
    });
    const host = hostSpec();
    const specs = memberSpecs(size);
    this.host = new MemberCluster(host, size.nodes, dependencies(host.name));
    this.control = new ControlPlane(this.host, dependencies(KARMADA_API));
    this.members = new Map(
      specs.map((spec) => [spec.name, new MemberCluster(spec, size.nodes, dependencies(spec.name))]),
    );
    for (const member of this.members.values()) this.control.membership.join(member);
    const parts = { specs: workloadSpecs(size, specs), control: this.control, members: this.members };
    this.propagation = new Propagation(clock, this.#random, parts);
    this.#traffic = new Traffic(this.#random);
    this.#evictions = new Evictions(clock, this.#random, {
      control: this.control,
      propagation: this.propagation,
      members: this.members,
    });
    this.#lifecycle = new ClusterLifecycle(clock, this.control.membership, (cluster, ready) =>
      ready ? this.#evictions.untainted(cluster) : this.#evictions.tainted(cluster),
    );
    this.#tickedMs = clock.now();
    this.#rolloutMs = clock.now() + FIRST_ROLLOUT_MS;
    this.#scheduleTick();
  }

  get regions(): string[] {
    return [...new Set([...this.members.values()].map(({ spec }) => spec.region))];
  }

  /** Members that are without power, in order of their names. */
  get lost(): string[] {
    return [...this.members.values()]
      .filter(({ powered }) => !powered)
      .map(({ spec }) => spec.name)
      .sort();
  }

  /** All members of a region lose power. The host stays: losing the control plane is another story. */
  loseRegion(region: string): string[] {
    const members = [...this.members.values()].filter(({ spec }) => spec.region === region);
    for (const member of members.filter(({ powered }) => powered)) {
      member.powerOff();
      this.#lifecycle.lost(member.spec);
    }
    return members.map(({ spec }) => spec.name);
  }

  /** Power comes back everywhere; Karmada sees each member as ready some seconds after its API server answers. */
  recover(): string[] {
    const names = this.lost;
    for (const name of names) {
      const member = this.members.get(name)!;
      member.powerOn(() => {
        this.control.membership.restartAgent(name);
        this.#lifecycle.back(member.spec);
      });
    }
    return names;
  }

  stop(): void {
    this.#cancelTick();
  }

  #scheduleTick(): void {
    this.#cancelTick = this.#clock.after(TICK_MS, () => {
      this.#tick();
      this.#scheduleTick();
    });
  }

  #tick(): void {
    const nowMs = this.#clock.now();
    const seconds = (nowMs - this.#tickedMs) / 1000;
    this.#tickedMs = nowMs;
    for (const cluster of [this.host, ...this.members.values()]) cluster.tick(seconds);
    this.#traffic.tick(seconds, nowMs, this.propagation.workloads, [...this.members.values()]);
    this.control.tick(seconds);
    this.#evictions.tick(seconds);
    if (nowMs >= this.#rolloutMs) this.#rollOutOne(nowMs);
  }

  #rollOutOne(nowMs: number): void {
    this.#rolloutMs = nowMs + this.#random.between(ROLLOUT_MIN_MS, ROLLOUT_MAX_MS);
    if (this.propagation.workloads.length > 0)
      this.propagation.update(this.#random.pick(this.propagation.workloads));
  }
}

/** Name of Karmada's own API server among the clusters' API servers. */
export const KARMADA_API = 'karmada';
