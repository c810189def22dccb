/** One object of a Kubernetes API, as JSON shows it. */
export interface KubernetesObject {
  apiVersion: string;
  kind: string;
  metadata: {
    name: string;
    namespace?: string;
    uid: string;
    creationTimestamp: string;
    resourceVersion?: string;
    [key: string]: unknown;
  };
  [key: string]: unknown;
}

export interface WatchEvent {
  type: 'ADDED' | 'MODIFIED' | 'DELETED';
  resourceVersion: number;
  /** Never changed after it was stored: a change stores a new one. */
  object: KubernetesObject;
}

/**
 * Changes kept for each resource, so that a watch can go on from an older resourceVersion. The real watch
 * cache holds between 100 and 100,000; 1,024 is two minutes of the busiest resource here (leases, 8/s).
 */
const HISTORY_EVENTS = 1024;

/** What one API server stores: objects by resource, one resourceVersion for all, and a window of changes. */
export class ObjectStore {
  readonly #resources = new Map<string, Resource>();
  #resourceVersion = 1;

  get resourceVersion(): number {
    return this.#resourceVersion;
  }

  /** Stores an object new or anew and tells the watchers; the object belongs to the store from now on. */
  put(resource: string, object: KubernetesObject): void {
    const { objects } = this.#resource(resource);
    const key = keyOf(object.metadata.namespace, object.metadata.name);
    const type = objects.has(key) ? 'MODIFIED' : 'ADDED';
    this.#publish(resource, type, key, object);
  }

  /** Replaces an object by what `change` makes of it; nothing happens when it is not there. */
  update(
    resource: string,
    namespace: string | undefined,
    name: string,
    change: (old: KubernetesObject) => KubernetesObject,
  ): void {
    const old = this.get(resource, namespace, name);
    if (old) this.put(resource, change(old));
  }

  remove(resource: string, namespace: string | undefined, name: string): void {
    const old = this.get(resource, namespace, name);
    if (old) this.#publish(resource, 'DELETED', keyOf(namespace, name), old);
  }

  get(resource: string, namespace: string | undefined, name: string): KubernetesObject | undefined {
    return this.#resource(resource).objects.get(keyOf(namespace, name));
  }

  /** In order of namespace and name, as etcd holds them. */
  list(resource: string, namespace?: string): KubernetesObject[] {
    const all = [...this.#resource(resource).objects];
    return all
      .filter(([, object]) => namespace === undefined || object.metadata.namespace === namespace)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, object]) => object);
  }

  count(resource: string): number {
    return this.#resource(resource).objects.size;
  }

  /** The changes after a resourceVersion; undefined when they are no longer known and a new list is needed. */
  changesAfter(resource: string, resourceVersion: number): WatchEvent[] | undefined {
    const { history, forgottenVersion } = this.#resource(resource);
    if (resourceVersion < forgottenVersion) return undefined;
    return history.filter((event) => event.resourceVersion > resourceVersion);
  }

  /** How many changes a resource has seen since the start. */
  changes(resource: string): number {
    return this.#resource(resource).changes;
  }

  /** How many watches are open. */
  watchers(resource: string): number {
    return this.#resource(resource).listeners.size;
  }

  /** The oldest resourceVersion a watch of this resource can still go on from. */
  oldestVersion(resource: string): number {
    return this.#resource(resource).forgottenVersion;
  }

  watch(resource: string, listener: (event: WatchEvent) => void): () => void {
    const { listeners } = this.#resource(resource);
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  /** A restarted API server has its objects, and no changes from before its start. */
  forgetHistory(): void {
    for (const resource of this.#resources.values()) {
      resource.history.length = 0;
      resource.forgottenVersion = this.#resourceVersion;
    }
  }

  #publish(name: string, type: WatchEvent['type'], key: string, object: KubernetesObject): void {
    const resource = this.#resource(name);
    const resourceVersion = ++this.#resourceVersion;
    resource.changes++;
    const stored = { ...object, metadata: { ...object.metadata, resourceVersion: String(resourceVersion) } };
    if (type === 'DELETED') resource.objects.delete(key);
    else resource.objects.set(key, stored);
    const event: WatchEvent = { type, resourceVersion, object: stored };
    resource.history.push(event);
    if (resource.history.length > HISTORY_EVENTS) {
      resource.forgottenVersion = resource.history.shift()!.resourceVersion;
    }
    for (const listener of resource.listeners) listener(event);
  }

  #resource(name: string): Resource {
    let resource = this.#resources.get(name);
    if (!resource) {
      resource = { objects: new Map(), history: [], forgottenVersion: 1, changes: 0, listeners: new Set() };
      this.#resources.set(name, resource);
    }
    return resource;
  }
}

interface Resource {
  objects: Map<string, KubernetesObject>;
  history: WatchEvent[];
  /** Changes up to this resourceVersion are gone. */
  forgottenVersion: number;
  changes: number;
  listeners: Set<(event: WatchEvent) => void>;
}

function keyOf(namespace: string | undefined, name: string): string {
  return namespace === undefined ? name : `${namespace}/${name}`;
}
