import express, { type Router } from 'express';
import type { Clock } from '../../runtime/clock.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { Registry } from '../../runtime/metrics.ts';
import type { Engine } from '../engine/engine.ts';
import type { ParserOptions } from '../promql/parser.ts';
import type { RuleSource } from '../rules/view.ts';
import { EndpointServer } from './endpoint.ts';
import { type EventSource, events } from './events.ts';
import { formatQuery, parseQuery } from './expressions.ts';
import { federate } from './federate.ts';
import { labelNames, labelValues, series } from './labels.ts';
import { metadata } from './metadata.ts';
import { instantQuery, rangeQuery } from './query.ts';
import { alerts, rules } from './rules.ts';
import { buildInfo, flags, type RuntimeStatus, runtimeInfo } from './status.ts';

export interface PrometheusApiOptions {
  readonly engine: Engine;
  readonly rules: RuleSource;
  readonly events: EventSource;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly registry: Registry;
  /** What the process was started with, for `/api/v1/status/flags`. */
  readonly flags: Readonly<Record<string, string>>;
  readonly status: () => RuntimeStatus;
  /** The language the engine speaks; the default is that of a Prometheus without feature flags. */
  readonly language?: ParserOptions;
}

/** The HTTP API of Prometheus over the engine, under `/api/v1/`, with Kubernetes events, and `/federate`. */
export function prometheusApi(options: PrometheusApiOptions): Router {
  const { engine, clock } = options;
  const language = options.language ?? {};
  const router = express.Router({ strict: true, caseSensitive: true });
  const server = new EndpointServer(router, options);

  server.getOrPost('/api/v1/query', (request) => instantQuery({ engine, clock }, request));
  server.getOrPost('/api/v1/query_range', (request) => rangeQuery({ engine }, request));
  server.getOrPost('/api/v1/format_query', (request) => formatQuery(language, request));
  server.getOrPost('/api/v1/parse_query', (request) => parseQuery(language, request));
  server.getOrPost('/api/v1/labels', (request) => labelNames(engine, request));
  server.get('/api/v1/label/:name/values', (request) => labelValues(engine, request));
  server.getOrPost('/api/v1/series', (request) => series(engine, request));
  server.get('/api/v1/metadata', (request) => metadata(engine, request));
  server.get('/api/v1/rules', (request) => rules(options.rules, request));
  server.get('/api/v1/alerts', () => alerts(options.rules));
  server.get('/api/v1/status/buildinfo', () => buildInfo());
  server.get('/api/v1/status/runtimeinfo', () => runtimeInfo(options.status(), clock));
  server.get('/api/v1/status/flags', () => flags(options.flags));
  server.get('/api/v1/events', (request) => events({ source: options.events, clock }, request));
  server.getText('/federate', (request) => federate({ engine, clock }, request));
  server.finish();
  return router;
}
