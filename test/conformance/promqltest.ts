import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { QueryError } from '../../aggregator/engine/engine.ts';
import { PromqlEngine, type PromqlEngineOptions } from '../../aggregator/promql/engine.ts';
import { sharedPath } from '../shared.ts';
import { type ApiAnswer, canonical, toApi } from './api-json.ts';
import {
  type ConformanceOptions,
  type ConformanceResult,
  MAX_FAILURES_NAMED,
  MissingData,
} from './conformance.ts';
import { toNativeHistograms } from './nhcb.ts';
import { type Command, parseScript } from './script.ts';
import { ScriptStorage } from './script-storage.ts';

/** One evaluation of Prometheus' own test scripts and what Prometheus 3.14 answers. */
interface Golden {
  readonly file: string;
  readonly line: number;
  readonly kind: 'instant' | 'range';
  readonly expr: string;
  readonly time?: number;
  readonly start?: number;
  readonly end?: number;
  readonly step?: number;
  readonly ordered?: boolean;
  /** With the options of the upstream test. */
  readonly delayed: ApiAnswer;
  /** With a server's defaults, where that is another answer. */
  readonly default?: ApiAnswer;
}

/** Language features are on in both; what differs is how expressions are evaluated. */
const PARSER: NonNullable<PromqlEngineOptions['parser']> = {
  experimentalFunctions: true,
  durationExpressions: true,
  extendedRangeSelectors: true,
  fillModifiers: true,
};

/** A Go map of up to so many entries keeps their order but for where it begins. */
const GO_MAP_GROUP = 8;

export const UPSTREAM: PromqlEngineOptions = {
  parser: PARSER,
  maxSamples: 1_000_000,
  delayedNameRemoval: true,
  useStartTimestamps: true,
};

export const STOCK: PromqlEngineOptions = { parser: PARSER, maxSamples: 1_000_000 };

/** Every evaluation of the goldens, byte for byte, under the upstream test's options and under a server's. */
export async function run(options: ConformanceOptions): Promise<ConformanceResult> {
  const data = options.data ?? sharedPath('conformance', 'promqltest', 'golden.jsonl');
  if (data === undefined)
    throw new MissingData('Cannot find the goldens: set KARMASCOPE_SHARED or give --data FILE');
  const { total, failed } = await checkGoldens(data);
  return {
    conformance: 'promqltest',
    total,
    passed: total - failed.length,
    failed: failed.slice(0, MAX_FAILURES_NAMED),
  };
}

/** One text for each evaluation that is not answered as Prometheus answers. */
export async function checkGoldens(file: string): Promise<{ total: number; failed: string[] }> {
  const goldens = readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Golden);
  const failed: string[] = [];
  const byFile = Map.groupBy(goldens, (golden) => golden.file);
  for (const [script, ofScript] of byFile) {
    const commands = parseScript(readScript(file, script));
    const inOrder = new StorageBefore(commands, 0);
    for (const golden of ofScript) {
      const difference = await checkGolden(golden, inOrder.at(golden.line));
      if (difference === undefined || (await passesTurned(golden, commands))) continue;
      failed.push(`${golden.file}:${golden.line}: ${golden.expr}: ${difference}`);
    }
  }
  return { total: goldens.length, failed };
}

/** Beside the goldens, else the recorded one. */
function readScript(goldenFile: string, script: string): string {
  for (const path of [join(dirname(goldenFile), script), sharedPath('conformance', 'promqltest', script)])
    if (path !== undefined) {
      try {
        return readFileSync(path, 'utf8');
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      }
    }
  throw new MissingData(`Cannot find the script ${script} that ${goldenFile} is about`);
}

/**
 * The storage as a script has filled it when it comes to a line. Lines are asked for in order. Upstream's own
 * runner loads a block of series in the order of a Go map: that of the script, turned round by a random number.
 */
class StorageBefore {
  readonly #commands: readonly Command[];
  readonly #rotation: number;
  readonly #storage = new ScriptStorage();
  #next = 0;

  constructor(commands: readonly Command[], rotation: number) {
    this.#commands = commands;
    this.#rotation = rotation;
  }

  at(line: number): ScriptStorage {
    for (; this.#next < this.#commands.length; this.#next++) {
      const command = this.#commands[this.#next]!;
      if (command.kind === 'eval' && command.line >= line) break;
      applyCommand(command, this.#storage, this.#rotation);
    }
    return this.#storage;
  }
}

export function applyCommand(command: Command, storage: ScriptStorage, rotation = 0): void {
  if (command.kind === 'clear') storage.clear();
  if (command.kind !== 'load') return;
  const at = command.series.length === 0 ? 0 : rotation % command.series.length;
  const series = [...command.series.slice(at), ...command.series.slice(0, at)];
  for (const { labels, samples } of series) storage.append(labels, samples);
  if (!command.withNhcb) return;
  for (const { labels, samples } of toNativeHistograms(series)) storage.append(labels, samples);
}

/** Whether the answer is that of some other order of loading: the order decides the last bits of a sum. */
async function passesTurned(golden: Golden, commands: readonly Command[]): Promise<boolean> {
  if (golden.delayed.error !== undefined) return false;
  for (let rotation = 1; rotation < GO_MAP_GROUP; rotation++) {
    const storage = new StorageBefore(commands, rotation).at(golden.line);
    if ((await checkGolden(golden, storage)) === undefined) return true;
  }
  return false;
}

async function checkGolden(golden: Golden, storage: ScriptStorage): Promise<string | undefined> {
  const upstream = await difference(golden, golden.delayed, new PromqlEngine(storage, UPSTREAM));
  if (upstream !== undefined) return `upstream options: ${upstream}`;
  const stock = golden.default ?? golden.delayed;
  const other = await difference(golden, stock, new PromqlEngine(storage, STOCK));
  return other === undefined ? undefined : `default options: ${other}`;
}

async function difference(
  golden: Golden,
  want: ApiAnswer,
  engine: PromqlEngine,
): Promise<string | undefined> {
  const got = await answer(golden, engine);
  const left = canonical(comparable(golden, got));
  const right = canonical(comparable(golden, want));
  return left === right ? undefined : `got ${left}, want ${right}`;
}

async function answer(golden: Golden, engine: PromqlEngine): Promise<ApiAnswer> {
  const { expr: query, time = 0, start = 0, end = 0, step = 0 } = golden;
  const { signal } = new AbortController();
  try {
    return toApi(
      golden.kind === 'instant'
        ? await engine.instant({ query, timeMs: time }, signal)
        : await engine.range({ query, startMs: start, endMs: end, stepMs: step }, signal),
    );
  } catch (error) {
    if (error instanceof QueryError) return { error: error.message };
    throw error;
  }
}

/** Prometheus' order of annotations is that of a Go map, and so is that of some vectors: none. */
function comparable({ ordered }: Golden, answer: ApiAnswer): ApiAnswer {
  const { warnings, infos, type, result } = answer;
  return {
    ...answer,
    ...(warnings && { warnings: warnings.toSorted() }),
    ...(infos && { infos: infos.toSorted() }),
    ...(type === 'vector' &&
      !ordered && {
        result: (result as unknown[]).toSorted((a, b) => (canonical(a) < canonical(b) ? -1 : 1)),
      }),
  };
}
