import { Counter, type Registry } from 'prom-client';
import type { Label } from '../../model/labels.ts';
import { type DecodedWrite, decodeLabels, type WriteRequestDecoder } from '../../model/remote-write.ts';
import { WriteSeriesTable } from '../../model/write-series-table.ts';
import type { Appender, SeriesRef } from '../engine/engine.ts';
import { type Identity, isClusterName } from '../identity/identity.ts';
import type { ReservedNames } from '../normalize/reserved-names.ts';
import { normalizeSeries, type SeriesRefusal } from '../normalize/series.ts';
import type { ClusterRegistry } from '../registry/registry.ts';

/** What all senders share. */
export interface SenderContext {
  readonly appender: Appender;
  readonly registry: ClusterRegistry;
  readonly reserved: ReservedNames;
  readonly federation: string;
  readonly metrics: SenderMetrics;
}

export interface SenderMetrics {
  readonly conflicts: Counter<'cluster' | 'label'>;
}

export function createSenderMetrics(metrics: Registry): SenderMetrics {
  return {
    conflicts: new Counter({
      name: 'karmascope_aggregator_label_conflicts_total',
      help: 'Series that came with another value for a label the hub stamps; it is kept as exported_<label>. Counted when a series is first seen.',
      labelNames: ['cluster', 'label'],
      registers: [metrics],
    }),
  };
}

/** A request read for a sender: its samples, and what of it cannot be kept. */
export interface SenderBatch {
  readonly write: DecodedWrite;
  readonly refusedSeries: ReadonlyMap<SeriesRefusal, number>;
  readonly firstProblem: string | undefined;
}

/**
 * One identity as a source of series. It remembers which series each run of label bytes became, so that
 * labels are parsed, normalised and stamped once; what it remembers is dropped when the registry's answer
 * about the place of its cluster changes, because the stamped labels change with it.
 */
export class Sender {
  readonly identity: Identity;
  readonly #context: SenderContext;
  readonly #table = new WriteSeriesTable();
  readonly #clusters: SeriesClusters | undefined;
  #placeVersion = -1;

  constructor(identity: Identity, context: SenderContext) {
    this.identity = identity;
    this.#context = context;
    if (identity.trusted) this.#clusters = new SeriesClusters();
  }

  /** What counters call it; empty for a trusted sender, which may bring many clusters. */
  get cluster(): string {
    return this.identity.cluster ?? '';
  }

  /** Throws a SyntaxError when the body is malformed. The batch is valid until the decoder's next request. */
  read(body: Uint8Array, decoder: WriteRequestDecoder): SenderBatch {
    this.#forgetOldPlaces();
    const refusedSeries = new Map<SeriesRefusal, number>();
    let firstProblem: string | undefined;
    const write = decoder.decode(body, this.#table, (bytes, start, end) => {
      const resolved = this.#resolve(bytes, start, end);
      if (typeof resolved === 'number') return resolved;
      refusedSeries.set(resolved.reason, (refusedSeries.get(resolved.reason) ?? 0) + 1);
      firstProblem ??= resolved.problem;
      return -1;
    });
    return { write, refusedSeries, firstProblem };
  }

  /** The newest timestamp of each cluster that the samples are of. */
  newestByCluster({ series, timestamps, length }: DecodedWrite): ReadonlyMap<string, number> {
    if (this.#clusters) return this.#clusters.newest(series, timestamps, length);
    let newestMs = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < length; i++) if (timestamps[i]! > newestMs) newestMs = timestamps[i]!;
    return length === 0 ? new Map() : new Map([[this.cluster, newestMs]]);
  }

  /** Every series is asked for again. */
  forgetSeries(): void {
    this.#table.clear();
  }

  #resolve(
    body: Uint8Array,
    start: number,
    end: number,
  ): SeriesRef | { reason: SeriesRefusal; problem: string } {
    let sent: Label[];
    try {
      sent = decodeLabels(body, start, end);
    } catch (error) {
      return { reason: 'invalid_labels', problem: (error as Error).message };
    }
    const { appender, registry, reserved, federation, metrics } = this.#context;
    const normalized = normalizeSeries(sent, {
      identity: this.identity,
      federation,
      place: (cluster) => registry.place(cluster),
      reserved,
    });
    if (normalized.kind === 'refused') return normalized;
    for (const label of normalized.conflicts) metrics.conflicts.inc({ cluster: this.cluster, label });
    const ref = appender.ref(normalized.labels);
    this.#clusters?.note(ref, normalized.labels.get('cluster'));
    return ref;
  }

  #forgetOldPlaces(): void {
    // The federation's identity brings series about every member.
    const { registry } = this.#context;
    const version = registry.placeVersion(this.identity.federation ? undefined : this.identity.cluster);
    if (version !== this.#placeVersion && !this.identity.trusted) this.#table.clear();
    this.#placeVersion = version;
  }
}

/** Which cluster each series of a trusted sender names, so that the clusters behind it are known to be heard. */
class SeriesClusters {
  /** Index into `#names` by series; 0 is a series that names no cluster. */
  #indexes = new Uint16Array(1_024);
  readonly #names: string[] = [''];
  readonly #indexOf = new Map<string, number>();

  note(ref: SeriesRef, cluster: string): void {
    // What is no cluster's name is a label like any other, and no sign of life of a cluster.
    if (!isClusterName(cluster)) return;
    let index = this.#indexOf.get(cluster);
    if (index === undefined) {
      if (this.#names.length > 0xffff) return;
      index = this.#names.push(cluster) - 1;
      this.#indexOf.set(cluster, index);
    }
    if (ref >= this.#indexes.length) {
      const larger = new Uint16Array(2 * (ref + 1));
      larger.set(this.#indexes);
      this.#indexes = larger;
    }
    this.#indexes[ref] = index;
  }

  newest(series: Uint32Array, timestamps: Float64Array, length: number): Map<string, number> {
    const newest = new Map<string, number>();
    let lastIndex = 0;
    let newestMs = Number.NEGATIVE_INFINITY;
    const put = () => {
      const name = this.#names[lastIndex]!;
      if (lastIndex > 0) newest.set(name, Math.max(newestMs, newest.get(name) ?? newestMs));
    };
    // Neighbours are nearly always of the same cluster.
    for (let i = 0; i < length; i++) {
      const index = this.#indexes[series[i]!] ?? 0;
      if (index !== lastIndex) {
        put();
        lastIndex = index;
        newestMs = Number.NEGATIVE_INFINITY;
      }
      if (timestamps[i]! > newestMs) newestMs = timestamps[i]!;
    }
    put();
    return newest;
  }
}
