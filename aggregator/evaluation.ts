import type { RootDatabase } from 'lmdb';
import { Labels } from '../model/labels.ts';
import type { Clock } from '../runtime/clock.ts';
import { ConfigError } from '../runtime/config.ts';
import type { Logger } from '../runtime/logger.ts';
import type { Registry } from '../runtime/metrics.ts';
import type { AggregatorConfig } from './config.ts';
import type { Engine, VectorSample } from './engine/engine.ts';
import { AlertmanagerClient } from './publish/alertmanager.ts';
import { alertmanagerTargets } from './publish/config.ts';
import { RuleManager } from './rules/manager.ts';
import { loadRuleFile, type RuleGroupSpec, ruleFilesOf } from './rules/rule-file.ts';
import { loadObjectives, type Objective } from './slo/openslo.ts';
import { SloEngine } from './slo/slo-engine.ts';

/** What the hub works out by itself as time goes on: rules, the alerts they send, and objectives. */
export interface Evaluation {
  readonly rules: RuleManager;
  readonly slos: SloEngine;
  readonly alertmanager: AlertmanagerClient;
  apply(specs: EvaluationSpecs): Promise<void>;
  /** Begins to close slices; rules run from the first `apply` on. */
  start(): void;
  /** Stops evaluating, then delivers what is queued. */
  stop(): Promise<void>;
}

/** What the files that a configuration names say. */
export interface EvaluationSpecs {
  readonly groups: readonly RuleGroupSpec[];
  readonly objectives: readonly Objective[];
}

/** Reads and checks them all. Throws a ConfigError; nothing changes by it. */
export function readSpecs({ ruleFiles, sloFiles }: AggregatorConfig): EvaluationSpecs {
  const objectives = ruleFilesOf(sloFiles, '.').flatMap(loadObjectives);
  refuseRepeatedNames(objectives);
  return { groups: ruleFilesOf(ruleFiles, '.').flatMap(loadRuleFile), objectives };
}

/** Objectives are told apart by name: two of one name would add up each other's events. */
function refuseRepeatedNames(objectives: readonly Objective[]): void {
  const fileOf = new Map<string, string>();
  for (const { name, file } of objectives) {
    const other = fileOf.get(name);
    if (other !== undefined) {
      const problem = `the objective "${name}" is also in ${other}; give one of them another name`;
      throw new ConfigError(file, [{ line: 1, column: 1, key: 'metadata.name', problem }]);
    }
    fileOf.set(name, file);
  }
}

export function createEvaluation(options: {
  config: AggregatorConfig;
  engine: Engine;
  /** Where what must outlive a restart is kept. */
  state: RootDatabase;
  externalUrl: string;
  clock: Clock;
  logger: Logger;
  metrics: Registry;
}): Evaluation {
  const { config, engine, state, externalUrl, clock, logger, metrics } = options;
  const externalLabels = { federation: config.federation };
  const alertmanager = new AlertmanagerClient({
    targets: alertmanagerTargets(config.alerting),
    externalLabels,
    externalUrl,
    fetch,
    clock,
    logger: logger.child({ component: 'alertmanager' }),
    registry: metrics,
  });
  const rules = new RuleManager({
    query: (expression, timeMs, signal) => instantVector(engine, expression, timeMs, signal),
    appender: engine,
    notify: (alerts) => alertmanager.send(alerts),
    externalLabels,
    externalUrl,
    intervalMs: config.evaluationIntervalMs,
    clock,
    logger: logger.child({ component: 'rules' }),
    registry: metrics,
  });
  const slos = new SloEngine({
    querier: engine,
    appender: engine,
    database: state,
    clock,
    logger: logger.child({ component: 'slo' }),
    registry: metrics,
  });
  return {
    rules,
    slos,
    alertmanager,
    apply: async ({ groups, objectives }) => {
      slos.load(objectives);
      await rules.load(groups);
    },
    start: () => slos.start(),
    stop: async () => {
      await slos.stop();
      await rules.stop();
      await alertmanager.stop();
    },
  };
}

/** A rule's query: a scalar comes as one sample without labels. */
async function instantVector(
  engine: Engine,
  query: string,
  timeMs: number,
  signal: AbortSignal,
): Promise<readonly VectorSample[]> {
  const { value } = await engine.query({ query, timeMs }, signal);
  switch (value.type) {
    case 'vector':
      return value.samples;
    case 'scalar':
      return [{ labels: Labels.empty, timestampMs: value.timestampMs, value: value.value }];
    default:
      throw new TypeError(`Cannot evaluate rule: the result is a ${value.type}, expected vector or scalar`);
  }
}
