import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { RejectReason } from '../engine/engine.ts';

/** What the store tells of itself. Gauges of its state are set by `Store` when the registry is read. */
export interface StorageMetrics {
  readonly appended: Counter;
  readonly rejected: Counter<'reason'>;
  readonly unavailable: Counter;
  readonly walWrittenBytes: Counter;
  readonly walFailures: Counter;
  readonly walSyncSeconds: Histogram;
  readonly walTorn: Counter;
  readonly walCorrupt: Counter;
  readonly metadataRefused: Counter;
  readonly replaySeconds: Gauge;
}

/** The state that gauges show. */
export interface StorageState {
  readonly series: number;
  readonly chunks: number;
  readonly headBytes: number;
  readonly walBytes: number;
  readonly walSegments: number;
  readonly walQueuedBytes: number;
  readonly floorMs: number;
}

const REJECT_REASONS: readonly RejectReason[] = ['duplicate_timestamp', 'too_old', 'too_far_in_future'];

export function storageMetrics(registry: Registry, state: () => StorageState): StorageMetrics {
  const registers = [registry];
  const counter = (name: string, help: string) =>
    new Counter({ name: `karmascope_storage_${name}`, help, registers });
  const gauge = (name: string, help: string, read: (state: StorageState) => number) =>
    new Gauge({
      name: `karmascope_storage_${name}`,
      help,
      registers,
      collect() {
        this.set(read(state()));
      },
    });
  gauge('series', 'Series in the head and its index.', ({ series }) => series);
  gauge('chunks', 'Chunks in the head.', ({ chunks }) => chunks);
  gauge('head_bytes', 'Memory that chunks and late samples take.', ({ headBytes }) => headBytes);
  gauge('wal_bytes', 'Bytes of the write-ahead log on disk.', ({ walBytes }) => walBytes);
  gauge(
    'wal_segments',
    'Files of the write-ahead log, the open one included.',
    ({ walSegments }) => walSegments,
  );
  gauge(
    'wal_queued_bytes',
    'Bytes that wait to be written to the log.',
    ({ walQueuedBytes }) => walQueuedBytes,
  );
  gauge(
    'oldest_kept_timestamp_seconds',
    'Samples older than this are refused and dropped.',
    ({ floorMs }) => floorMs / 1000,
  );
  const rejected = new Counter({
    name: 'karmascope_storage_samples_rejected_total',
    help: 'Samples that were not kept for what they are, by reason.',
    labelNames: ['reason'],
    registers,
  });
  for (const reason of REJECT_REASONS) rejected.inc({ reason }, 0);
  return {
    rejected,
    appended: counter('samples_appended_total', 'Samples that became durable and visible.'),
    unavailable: counter(
      'appends_unavailable_total',
      'Batches refused because they could not be made durable.',
    ),
    walWrittenBytes: counter('wal_written_bytes_total', 'Bytes written to the log and synced.'),
    walFailures: counter('wal_failures_total', 'Failed writes, syncs and rotations of the log.'),
    walTorn: counter('wal_torn_tails_total', 'Unfinished writes cut from the end of a log segment at start.'),
    walCorrupt: counter(
      'wal_corrupt_ranges_total',
      'Unreadable stretches inside log segments found at start.',
    ),
    metadataRefused: counter('metadata_refused_total', 'Metadata not kept because the limit is reached.'),
    walSyncSeconds: new Histogram({
      name: 'karmascope_storage_wal_sync_duration_seconds',
      help: 'Time of a write and fdatasync of a group of batches.',
      buckets: [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1, 5],
      registers,
    }),
    replaySeconds: new Gauge({
      name: 'karmascope_storage_replay_duration_seconds',
      help: 'How long the replay of the log took at start.',
      registers,
    }),
  };
}
