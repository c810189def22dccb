import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Clock, sleep, systemClock } from '../runtime/clock.ts';
import { listen } from '../runtime/http-server.ts';
import { Cleanups, shutdownSignal } from '../runtime/lifecycle.ts';
import type { Logger } from '../runtime/logger.ts';
import { ChildEndedError, ChildProcesses } from './demo/child-processes.ts';
import { type DemoFiles, writeDemoFiles } from './demo/config-files.ts';
import { demoControl } from './demo/control.ts';
import { waitForFirstGreen, waitForHub } from './demo/hub.ts';
import { collectorName, demoScenarios } from './demo/scenarios.ts';
import type { SimulatorAddresses } from './simulator/simulator.ts';
import { defaultSimulatorOptions, type SimulatorOptions } from './simulator/topology.ts';

export interface DemoOptions extends Partial<SimulatorOptions> {
  /** HOST:PORT of the console. */
  listenAddress: string;
  /** Where the hub's data stays; without it, in a folder that goes with the demo. */
  storagePath?: string | undefined;
  alertmanager: 'auto' | 'builtin';
  logger: Logger;
}

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url));
const SIMULATOR = fileURLToPath(new URL('./simulator/main.ts', import.meta.url));

/** Seven Node processes at once on two cores get in each other's way: one after the other is sooner done. */
const COLLECTOR_STAGGER_MS = 250;

const PARENT_POLL_INTERVAL_MS = 500;

/** By then a demo on two cores is green; what takes longer is worth a word. */
const SLOW_MS = 60_000;

interface DemoParts {
  children: ChildProcesses;
  cleanups: Cleanups;
  clock: Clock;
  /** Aborts when the demo ends, whatever it was waiting for. */
  signal: AbortSignal;
}

/**
 * Runs a simulated federation, a collector for each of its clusters and the hub until SIGINT or SIGTERM; resolves
 * with the exit code. Throws a ListenError when the console's address cannot be had.
 */
export async function runDemo(options: DemoOptions): Promise<number> {
  const { logger } = options;
  const signalled = shutdownSignal();
  // Finds out at once, with the way out, before anything is started; and which port it is when 0 was asked for.
  const probe = await listen(options.listenAddress, (_, response) => response.end());
  await probe.close();
  const listenAddress = options.listenAddress.replace(/\d+$/, new URL(probe.url).port);
  const cleanups = new Cleanups(logger);
  const children = new ChildProcesses(logger);
  const stopping = new AbortController();
  const parts = { children, cleanups, clock: systemClock, signal: stopping.signal };
  const stopped = Promise.race([signalled, scriptEnded(parts)]).then(() => 0);
  const started = startDemo({ ...options, listenAddress }, parts);
  try {
    const ended = Promise.race([stopped, children.failed]);
    await Promise.race([started, ended]);
    return await ended;
  } catch (error) {
    if (!(error instanceof ChildEndedError)) throw error;
    console.error(error.message);
    return 1;
  } finally {
    stopping.abort();
    // Nothing is started behind the back of what ends everything.
    await started.catch(() => {});
    await children.stopAll(collectorName(''));
    await cleanups.stop();
  }
}

/**
 * Resolves when the shell in which npm runs `npm start` is gone: npm passes SIGTERM on to the shell, and the shell
 * to nobody. Started in any other way, the demo outlives its parent as every program does.
 */
async function scriptEnded({ clock, signal }: DemoParts): Promise<void> {
  if (process.env['npm_lifecycle_event'] === undefined) return new Promise(() => {});
  const parent = process.ppid;
  while (process.ppid === parent && !signal.aborted) await sleep(clock, PARENT_POLL_INTERVAL_MS, signal);
}

async function startDemo(options: DemoOptions, parts: DemoParts): Promise<void> {
  const { children, cleanups, clock, signal } = parts;
  const hubUrl = `http://${options.listenAddress.replace(/^:/, '127.0.0.1:')}`;
  const folder = mkdtempSync(join(tmpdir(), 'karmascope-demo-'));
  cleanups.add('temporary folder', () => rmSync(folder, { recursive: true, force: true }));
  const simulator = await startSimulatorProcess(options, parts);
  if (!simulator) return;

  const alertmanager = options.alertmanager === 'auto' ? findAlertmanager() : undefined;
  const files: { current?: DemoFiles } = {};
  const startCollector = (cluster: string) => startCollectorProcess(children, cluster, files.current!);
  const controlUrl = await startControl(parts, { simulator, startCollector, alertmanager });
  files.current = writeDemoFiles(join(folder, 'config'), simulator, {
    hubUrl,
    controlUrl,
    alertmanager: alertmanager ? `127.0.0.1:${await freePort()}` : new URL(controlUrl).host,
  });
  if (alertmanager) startAlertmanager(children, alertmanager, files.current, join(folder, 'alertmanager'));
  startHub(children, files.current, options, options.storagePath ?? join(folder, 'data'));
  const slow = clock.after(SLOW_MS, () =>
    console.error(
      `No cluster is green after ${SLOW_MS / 1000} s; --log.level=debug shows what all programs say`,
    ),
  );
  signal.addEventListener('abort', slow);
  await waitForHub(hubUrl, clock, signal);
  for (const cluster of files.current.collectorConfigs.keys()) {
    if (signal.aborted) return;
    startCollector(cluster);
    await sleep(clock, COLLECTOR_STAGGER_MS, signal);
  }
  await waitForFirstGreen(hubUrl, clock, signal);
  slow();
  if (signal.aborted) return;
  const { host, members } = simulator;
  const regions = new Set(members.map(({ region }) => region)).size;
  console.log(
    `Karmascope: ${hubUrl} shows ${members.length} clusters in ${regions} regions and ${host.name}; ` +
      `pages: ${controlUrl}/pages; Ctrl-C ends it`,
  );
}

/** Scenarios and received pages; resolves with the URL. */
async function startControl(
  { children, cleanups, clock }: DemoParts,
  what: {
    simulator: SimulatorAddresses;
    startCollector: (cluster: string) => void;
    alertmanager: string | undefined;
  },
): Promise<string> {
  const { simulator, startCollector, alertmanager } = what;
  const source = alertmanager
    ? `Sent by ${alertmanager}`
    : 'No Alertmanager is paged: this is what one would be sent';
  const { scenarios, state } = demoScenarios({ simulator, children, startCollector, fetch });
  const control = await listen('127.0.0.1:0', demoControl({ scenarios, state, clock, source }));
  cleanups.add('control', () => control.close());
  return control.url;
}

/** Resolves with where everything is, or with nothing when the demo ends before. */
function startSimulatorProcess(
  options: DemoOptions,
  { children, signal }: DemoParts,
): Promise<SimulatorAddresses | undefined> {
  const size = Object.keys(defaultSimulatorOptions) as (keyof SimulatorOptions)[];
  const args = size.map((name) => `--${name}=${options[name] ?? defaultSimulatorOptions[name]}`);
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(undefined));
    children.startNode('simulator', SIMULATOR, args, (line) =>
      resolve(JSON.parse(line) as SimulatorAddresses),
    );
  });
}

function startHub(
  children: ChildProcesses,
  files: DemoFiles,
  options: DemoOptions,
  storagePath: string,
): void {
  children.startNode('aggregator', MAIN, [
    'aggregator',
    `--config.file=${files.aggregatorConfig}`,
    `--storage.path=${storagePath}`,
    `--web.listen-address=${options.listenAddress}`,
    '--log.level=info',
  ]);
}

function startCollectorProcess(children: ChildProcesses, cluster: string, files: DemoFiles): void {
  children.startNode(collectorName(cluster), MAIN, [
    'collector',
    `--config.file=${files.collectorConfigs.get(cluster)}`,
    '--web.listen-address=127.0.0.1:0',
    '--log.level=info',
  ]);
}

function startAlertmanager(
  children: ChildProcesses,
  command: string,
  files: DemoFiles,
  storagePath: string,
): void {
  children.start({
    name: 'alertmanager',
    command,
    args: [
      `--config.file=${files.alertmanagerConfig}`,
      `--storage.path=${storagePath}`,
      `--web.listen-address=${files.alertmanager}`,
      // One alone: without this it looks for others on port 9094.
      '--cluster.listen-address=',
    ],
  });
}

/** Debian's name for it first, then the project's own. */
function findAlertmanager(): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter(Boolean);
  return ['prometheus-alertmanager', 'alertmanager']
    .flatMap((name) => folders.map((folder) => join(folder, name)))
    .find((path) => existsSync(path));
}

async function freePort(): Promise<number> {
  const server = await listen('127.0.0.1:0', (_, response) => response.end());
  await server.close();
  return Number(new URL(server.url).port);
}
