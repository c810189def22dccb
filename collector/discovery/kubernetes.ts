import { type WatchHandle, watchList } from '../../runtime/kubernetes.ts';
import { KubernetesClient } from '../../runtime/kubernetes-client.ts';
import type { KubernetesObject } from '../../runtime/kubernetes-list.ts';
import type { KubernetesDiscoveryConfig } from './config.ts';
import type { Discovery, DiscoveryOptions, TargetGroup } from './discovery.ts';
import { type Node, nodeTargets, type Pod, podTargets } from './kubernetes-targets.ts';

/** Changes are told together this often: a rollout changes each of its pods a dozen times in a few seconds. */
const TELL_INTERVAL_MS = 1_000;

/** Targets from the pods or nodes of a cluster, as they come and go. */
export function startKubernetesDiscovery(
  config: KubernetesDiscoveryConfig,
  options: DiscoveryOptions & { readonly prefix: string },
): Discovery {
  const client = new KubernetesClient({ kubeconfigFile: config.kubeconfig_file, clock: options.clock });
  const stopped = new AbortController();
  const changes = new Changes(options);
  const watch = <T extends KubernetesObject>(path: string, targets: (object: T) => TargetGroup) => ({
    path,
    handle: watchCollection(path, targets, { ...options, client, signal: stopped.signal, changes }),
  });
  const namespaces = config.namespaces?.names.map((name) => `/namespaces/${encodeURIComponent(name)}`) ?? [
    '',
  ];
  const handles =
    config.role === 'node'
      ? [watch<Node>('/api/v1/nodes', nodeTargets)]
      : namespaces.map((namespace) => watch<Pod>(`/api/v1${namespace}/pods`, podTargets));
  return {
    watches: () => handles.map(({ path, handle }) => ({ name: path, state: handle.state })),
    stop: async () => {
      stopped.abort();
      await Promise.all(handles.map(({ handle }) => handle.ended));
      changes.stop();
    },
  };
}

/** Follows a collection until the signal aborts. */
function watchCollection<T extends KubernetesObject>(
  path: string,
  targets: (object: T) => TargetGroup,
  options: DiscoveryOptions & {
    readonly client: KubernetesClient;
    readonly signal: AbortSignal;
    readonly changes: Changes;
  },
): WatchHandle {
  const { changes } = options;
  let known = new Set<string>();
  return watchList<T>({
    ...options,
    path,
    onSync: (items) => {
      const groups = items.map(targets);
      const found = new Set(groups.map(({ source }) => source));
      for (const source of known) if (!found.has(source)) changes.note({ source, targets: [], labels: {} });
      for (const group of groups) changes.note(group);
      known = found;
      changes.tell();
    },
    onEvent: (type, object) => {
      const group = targets(object);
      if (type === 'DELETED') {
        known.delete(group.source);
        changes.note({ source: group.source, targets: [], labels: {} });
      } else {
        known.add(group.source);
        changes.note(group);
      }
    },
  });
}

/** Changed groups that have not been told yet, the last word of each source. */
class Changes {
  readonly #options: DiscoveryOptions & { readonly prefix: string };
  readonly #groups = new Map<string, TargetGroup>();
  #cancelTimer: (() => void) | undefined;

  constructor(options: DiscoveryOptions & { readonly prefix: string }) {
    this.#options = options;
  }

  note(group: TargetGroup): void {
    // Two entries of a job's config can see the same pod: each has its own groups.
    const source = `${this.#options.prefix}/${group.source}`;
    this.#groups.set(source, { ...group, source });
    this.#cancelTimer ??= this.#options.clock.after(TELL_INTERVAL_MS, () => this.tell());
  }

  tell(): void {
    this.stop();
    const groups = [...this.#groups.values()];
    this.#groups.clear();
    if (groups.length > 0) this.#options.onGroups(groups);
  }

  stop(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }
}
