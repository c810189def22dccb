import { availableParallelism, hostname } from 'node:os';
import type { Clock } from '../../runtime/clock.ts';
import { version } from '../../runtime/version.ts';
import { type ApiAnswer, toJson } from './envelope.ts';
import { formatTime } from './time-parameters.ts';

/** What `/api/v1/status/runtimeinfo` tells of the running hub. */
export interface RuntimeStatus {
  readonly startTimeMs: number;
  readonly reloadSuccess: boolean;
  readonly lastConfigTimeMs: number;
  /** As Prometheus writes it: `15d`. */
  readonly storageRetention: string;
}

/**
 * The API answers as this Prometheus does. Grafana chooses what it asks for by this number: with our own it would
 * take the hub for a Prometheus of ten years ago.
 */
const API_VERSION = '3.14.0';

/** `/api/v1/status/buildinfo` */
export function buildInfo(): ApiAnswer {
  return {
    data: [
      toJson({
        version: API_VERSION,
        revision: `karmascope-${version}`,
        branch: '',
        buildUser: '',
        buildDate: '',
        goVersion: `node ${process.version}`,
      }),
    ],
  };
}

/** `/api/v1/status/runtimeinfo`, without what only Go has. */
export function runtimeInfo(status: RuntimeStatus, clock: Clock): ApiAnswer {
  return {
    data: [
      toJson({
        startTime: formatTime(status.startTimeMs),
        CWD: process.cwd(),
        hostname: hostname(),
        serverTime: formatTime(clock.now()),
        reloadConfigSuccess: status.reloadSuccess,
        lastConfigTime: formatTime(status.lastConfigTimeMs),
        GOMAXPROCS: availableParallelism(),
        storageRetention: status.storageRetention,
      }),
    ],
  };
}

/** `/api/v1/status/flags` */
export function flags(values: Readonly<Record<string, string>>): ApiAnswer {
  return { data: [toJson(values)] };
}
