import express from 'express';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Labels } from '../../model/labels.ts';
import type { MetricMetadata } from '../../model/metadata.ts';
import { ManualClock } from '../../runtime/clock.ts';
import { type HttpServer, listen } from '../../runtime/http-server.ts';
import {
  type Engine,
  type InstantQuery,
  QueryError,
  type QueryResult,
  type QueryValue,
  type RangeQuery,
  StorageUnavailable,
} from '../engine/engine.ts';
import type { EventQuery, StoredEvent } from '../events/event-store.ts';
import { ParseError, parseExpr } from '../promql/parser.ts';
import type { RuleGroupView } from '../rules/view.ts';
import { prometheusApi } from './prometheus-api.ts';

const NOW_MS = Date.UTC(2026, 10, 24, 13, 0, 0, 120);

/** An engine that answers what it is told to and remembers what it was asked. */
class FakeEngine {
  readonly asked: (InstantQuery | RangeQuery)[] = [];
  readonly ranges: unknown[] = [];
  value: QueryValue = { type: 'vector', samples: [] };
  warnings: string[] = [];
  infos: string[] = [];
  failure: Error | undefined;
  strings: string[] = [];
  found: Labels[] = [];
  families = new Map<string, MetricMetadata[]>();
  signal: AbortSignal | undefined;
  hang = false;

  query(request: InstantQuery, signal: AbortSignal): Promise<QueryResult> {
    return this.#answer(request, signal);
  }

  queryRange(request: RangeQuery, signal: AbortSignal): Promise<QueryResult> {
    return this.#answer(request, signal);
  }

  async labelNames(_sets: unknown, range: unknown): Promise<string[]> {
    this.ranges.push(range);
    return this.strings;
  }

  async labelValues(name: string, _sets: unknown, range: unknown): Promise<string[]> {
    this.ranges.push({ name, ...(range as object) });
    return this.strings;
  }

  async series(): Promise<Labels[]> {
    return this.found;
  }

  async metadata(): Promise<Map<string, MetricMetadata[]>> {
    return this.families;
  }

  async #answer(request: InstantQuery | RangeQuery, signal: AbortSignal): Promise<QueryResult> {
    this.asked.push(request);
    this.signal = signal;
    if (this.failure) throw this.failure;
    if (this.hang) await new Promise((resolve) => signal.addEventListener('abort', resolve));
    try {
      parseExpr(request.query);
    } catch (error) {
      if (error instanceof ParseError) throw new QueryError('bad_data', error.message);
      throw error;
    }
    return { value: this.value, warnings: this.warnings, infos: this.infos };
  }
}

const group: RuleGroupView = {
  name: 'federation',
  file: 'alerts/rules/federation.yaml',
  intervalMs: 15_000,
  limit: 0,
  evaluationTimeMs: 1.5,
  lastEvaluationMs: NOW_MS,
  rules: [
    {
      type: 'alerting',
      state: 'firing',
      name: 'KarmadaRegionDown',
      query: 'count by (region) (up) > 1',
      durationMs: 60_000,
      keepFiringForMs: 0,
      labels: { severity: 'page' },
      annotations: { summary: 'Region <{{ $labels.region }}> is down' },
      alerts: [
        {
          labels: Labels.fromObject({ alertname: 'KarmadaRegionDown', region: 'eu-west-1' }),
          annotations: { summary: 'Region <eu-west-1> is down' },
          state: 'firing',
          activeAtMs: NOW_MS - 120,
          value: 2,
        },
      ],
      health: 'ok',
      lastError: '',
      evaluationTimeMs: 0.5,
      lastEvaluationMs: NOW_MS,
    },
    {
      type: 'recording',
      name: 'job:up:sum',
      query: 'sum by (job) (up)',
      labels: {},
      health: 'err',
      lastError: 'query timed out',
      evaluationTimeMs: 0,
      lastEvaluationMs: 0,
    },
  ],
};

const event: StoredEvent = {
  uid: 'u1',
  resourceVersion: '7',
  type: 'Warning',
  reason: 'NodeNotReady',
  message: 'Node n1 is not ready',
  count: 3,
  timeMs: NOW_MS - 1000,
  firstTimeMs: NOW_MS - 61_000,
  receivedMs: NOW_MS,
  object: { apiVersion: 'v1', kind: 'Node', namespace: '', name: 'n1', uid: 'n-uid' },
  component: 'node-controller',
  cluster: 'prod-eu-1',
};

let engine: FakeEngine;
let registry: Registry;
let server: HttpServer;
let eventQueries: EventQuery[];

beforeEach(async () => {
  engine = new FakeEngine();
  registry = new Registry();
  eventQueries = [];
  const app = express();
  app.use(
    prometheusApi({
      engine: engine as unknown as Engine,
      rules: { groups: () => [group] },
      events: {
        query: async (query) => {
          eventQueries.push(query);
          if (query.from === 'elsewhere') throw new SyntaxError('Cannot go on from "elsewhere"');
          return { events: [event], next: 'cursor' };
        },
      },
      clock: new ManualClock(NOW_MS),
      logger: pino({ level: 'silent' }),
      registry,
      flags: { 'web.listen-address': '127.0.0.1:9390' },
      status: () => ({
        startTimeMs: NOW_MS - 60_000,
        reloadSuccess: true,
        lastConfigTimeMs: NOW_MS - 60_000,
        storageRetention: '15d',
      }),
    }),
  );
  server = await listen('127.0.0.1:0', app);
});

afterEach(() => server.close());

async function get(path: string, init?: RequestInit): Promise<string> {
  const response = await fetch(`${server.url}/api/v1/${path}`, init);
  const text = await response.text();
  return `${response.status} ${text}`;
}

function post(path: string, form: Record<string, string> | string[][]): Promise<string> {
  return get(path, { method: 'POST', body: new URLSearchParams(form) });
}

const up = Labels.fromObject({ __name__: 'up', job: 'node', path: '<"a\\b">' });

describe('query', () => {
  test('answers a vector as Prometheus writes it', async () => {
    engine.value = {
      type: 'vector',
      samples: [
        { labels: up, timestampMs: 1_435_781_451_781, value: 1e-7 },
        { labels: Labels.fromObject({}), timestampMs: 1000, value: Number.POSITIVE_INFINITY },
        { labels: Labels.fromObject({}), timestampMs: 0, value: -0 },
        { labels: Labels.fromObject({}), timestampMs: -1500, value: 1e21 },
      ],
    };
    engine.infos = ['PromQL info: metric might not be a counter (1:6)'];
    expect(await get('query?query=up&time=1435781451.781')).toBe(
      '200 {"status":"success","data":{"resultType":"vector","result":[' +
        '{"metric":{"__name__":"up","job":"node","path":"<\\"a\\\\b\\">"},"value":[1435781451.781,"1e-07"]},' +
        '{"metric":{},"value":[1,"+Inf"]},{"metric":{},"value":[0,"-0"]},{"metric":{},"value":[-1.5,"1e+21"]}]},' +
        '"infos":["PromQL info: metric might not be a counter (1:6)"]}',
    );
    expect(engine.asked).toEqual([{ query: 'up', timeMs: 1_435_781_451_781 }]);
  });

  test('answers scalars in plain decimals, and strings', async () => {
    engine.value = { type: 'scalar', timestampMs: 1500, value: 1e-10 };
    expect(await get('query?query=1')).toBe(
      '200 {"status":"success","data":{"resultType":"scalar","result":[1.5,"0.0000000001"]}}',
    );
    engine.value = { type: 'string', timestampMs: 1500, value: 'a"b' };
    expect(await get('query?query=1')).toBe(
      '200 {"status":"success","data":{"resultType":"string","result":[1.5,"a\\"b"]}}',
    );
  });

  test('answers native histograms with the bounds that belong to each bucket', async () => {
    const histogram = {
      schema: 0,
      zeroThreshold: 0.001,
      zeroCount: 2,
      count: 9,
      sum: 18.5,
      positiveSpans: [{ offset: 0, length: 3 }],
      negativeSpans: [{ offset: 0, length: 1 }],
      positiveBuckets: [1, 0, 3],
      negativeBuckets: [3],
      customValues: [],
      counterResetHint: 'unknown' as const,
    };
    engine.value = {
      type: 'matrix',
      series: [
        {
          labels: up.only('__name__'),
          timestamps: Float64Array.of(1000, 2000),
          values: Float64Array.of(5, 0),
          histograms: [undefined, histogram],
        },
      ],
    };
    expect(await get('query_range?query=up&start=1&end=2&step=1')).toBe(
      '200 {"status":"success","data":{"resultType":"matrix","result":[{"metric":{"__name__":"up"},' +
        '"values":[[1,"5"]],"histograms":[[2,{"count":"9","sum":"18.5","buckets":[' +
        '[1,"-1","-0.5","3"],[3,"-0.001","0.001","2"],[0,"0.5","1","1"],[0,"2","4","3"]]}]]}]}}',
    );
  });

  test('takes a form, which wins over the URL, and all options', async () => {
    await post('query?query=nosuch', {
      query: 'up',
      time: '2015-07-01T20:10:51.781Z',
      timeout: '5s',
      lookback_delta: '1m',
      limit: '3',
    });
    expect(engine.asked).toEqual([
      { query: 'up', timeMs: 1_435_781_451_781, timeoutMs: 5000, lookbackMs: 60_000, limit: 4 },
    ]);
  });

  test('asks for now where no time is given', async () => {
    await get('query?query=up');
    expect(engine.asked).toEqual([{ query: 'up', timeMs: NOW_MS }]);
  });

  test('cuts to the limit and says so', async () => {
    const sample = { labels: Labels.fromObject({}), timestampMs: 0, value: 1 };
    engine.value = { type: 'vector', samples: [sample, sample, sample] };
    expect(await get('query?query=up&limit=2')).toBe(
      '200 {"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[0,"1"]},{"metric":{},"value":[0,"1"]}]},' +
        '"warnings":["results truncated due to limit"]}',
    );
  });

  test('shows ten warnings and counts the rest', async () => {
    engine.warnings = Array.from({ length: 13 }, (_, i) => `warning ${i}`);
    expect(await get('query?query=up')).toMatch(/"warning 9","3 more warning annotations omitted"\]\}$/);
  });

  test('sends a large result whole', async () => {
    const count = 50_000;
    const timestamps = Float64Array.from({ length: count }, (_, i) => i * 1000);
    engine.value = { type: 'matrix', series: [{ labels: up, timestamps, values: timestamps }] };
    const body = JSON.parse((await get('query_range?query=up&start=0&end=10&step=1')).slice(4));
    expect(body.data.result[0].values).toHaveLength(count);
    expect(body.data.result[0].values.at(-1)).toEqual([49_999, '49999000']);
  });

  test('ends the query when the client goes away', async () => {
    engine.hang = true;
    const client = new AbortController();
    const request = get('query?query=up', { signal: client.signal }).catch(() => 'gone');
    while (!engine.signal) await new Promise((resolve) => setImmediate(resolve));
    const aborted = new Promise((resolve) => engine.signal!.addEventListener('abort', resolve));
    client.abort();
    expect(await request).toBe('gone');
    await aborted;
    expect(await registry.getSingleMetricAsString('karmascope_aggregator_http_requests_total')).toContain(
      '{handler="/api/v1/query",code="499"} 1',
    );
  });

  test.each([
    [
      'query',
      400,
      'bad_data',
      'invalid parameter \\"query\\": unknown position: parse error: no expression found in input',
    ],
    [
      'query?query=rate(up)',
      400,
      'bad_data',
      'invalid parameter \\"query\\": 1:6: parse error: expected type range vector in call to function \\"rate\\", got instant vector',
    ],
    [
      'query?query=up%20%2B%20%3C',
      400,
      'bad_data',
      'invalid parameter \\"query\\": 1:6: parse error: unexpected \\u003cop:\\u003c\\u003e',
    ],
    [
      'query?query=up&time=x',
      400,
      'bad_data',
      `invalid parameter \\"time\\": invalid time value for 'time': cannot parse \\"x\\" to a valid timestamp`,
    ],
    [
      'query?query=up&timeout=x',
      400,
      'bad_data',
      'invalid parameter \\"timeout\\": cannot parse \\"x\\" to a valid duration',
    ],
    [
      'query?query=up&lookback_delta=x',
      400,
      'bad_data',
      'error parsing lookback delta duration: cannot parse \\"x\\" to a valid duration',
    ],
    [
      'query?query=up&limit=x',
      400,
      'bad_data',
      'invalid parameter \\"limit\\": strconv.Atoi: parsing \\"x\\": invalid syntax',
    ],
    ['query?query=up&limit=-1', 400, 'bad_data', 'invalid parameter \\"limit\\": limit must be non-negative'],
    [
      'query_range?query=up&end=1&step=1',
      400,
      'bad_data',
      'invalid parameter \\"start\\": cannot parse \\"\\" to a valid timestamp',
    ],
    [
      'query_range?query=up&start=2&end=1&step=1',
      400,
      'bad_data',
      'invalid parameter \\"end\\": end timestamp must not be before start time',
    ],
    [
      'query_range?query=up&start=1&end=2&step=foo',
      400,
      'bad_data',
      'invalid parameter \\"step\\": cannot parse \\"foo\\" to a valid duration',
    ],
    [
      'query_range?query=up&start=1&end=2&step=0',
      400,
      'bad_data',
      'invalid parameter \\"step\\": zero or negative query resolution step widths are not accepted. Try a positive integer',
    ],
    [
      'query_range?query=up&start=1&end=2&step=1e20',
      400,
      'bad_data',
      'invalid parameter \\"step\\": cannot parse \\"1e20\\" to a valid duration. It overflows int64',
    ],
    [
      'query_range?query=up&start=0&end=11001&step=1',
      400,
      'bad_data',
      'exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)',
    ],
  ])('%s is refused as Prometheus does', async (path, status, errorType, error) => {
    expect(await get(path)).toBe(
      `${status} {"status":"error","errorType":"${errorType}","error":"${error}"}`,
    );
  });

  test('takes 11,000 steps', async () => {
    expect(await get('query_range?query=up&start=0&end=11000&step=1s')).toMatch(/^200 /);
    expect(engine.asked).toEqual([{ query: 'up', startMs: 0, endMs: 11_000_000, stepMs: 1000 }]);
  });

  test.each([
    [
      new QueryError('execution', 'many-to-many'),
      '422 {"status":"error","errorType":"execution","error":"many-to-many"}',
    ],
    [
      new QueryError('timeout', 'query timed out'),
      '503 {"status":"error","errorType":"timeout","error":"query timed out"}',
    ],
    [
      new QueryError('canceled', 'query was canceled'),
      '499 {"status":"error","errorType":"canceled","error":"query was canceled"}',
    ],
    [
      new QueryError('internal', 'cannot read'),
      '500 {"status":"error","errorType":"internal","error":"cannot read"}',
    ],
    [
      new StorageUnavailable('starting'),
      '500 {"status":"error","errorType":"unavailable","error":"starting"}',
    ],
    [new TypeError('oops'), '500 {"status":"error","errorType":"internal","error":"oops"}'],
  ])('%s of the engine has its type and status', async (failure, answer) => {
    engine.failure = failure;
    expect(await get('query?query=up')).toBe(answer);
  });
});

describe('labels, label values, series', () => {
  test('are sorted by bytes, cut to the limit, over all time by default', async () => {
    engine.strings = ['b', '\u{1f600}', '\ue000', 'B'];
    expect(await get('labels')).toBe('200 {"status":"success","data":["B","b","\ue000","\u{1f600}"]}');
    expect(await get('label/job/values?limit=1&start=1&end=2015-07-01T20:10:51Z')).toBe(
      '200 {"status":"success","data":["B"],"warnings":["results truncated due to limit"]}',
    );
    expect(engine.ranges).toEqual([
      { startMs: Number.MIN_SAFE_INTEGER, endMs: Number.MAX_SAFE_INTEGER },
      { name: 'job', startMs: 1000, endMs: 1_435_781_451_000 },
    ]);
  });

  test('are empty lists where there is nothing', async () => {
    expect(await get('labels')).toBe('200 {"status":"success","data":[]}');
    expect(await get('series?match[]=up')).toBe('200 {"status":"success","data":[]}');
    expect(await get('metadata')).toBe('200 {"status":"success","data":{}}');
  });

  test('take escaped names', async () => {
    await get('label/U__http_2e_status__code/values');
    await get('label/U__broken_/values');
    expect(engine.ranges).toMatchObject([{ name: 'http.status_code' }, { name: 'U__broken_' }]);
  });

  test('series are answered with their labels', async () => {
    engine.found = [up.only('__name__', 'job'), up.only('__name__')];
    const whole = '200 {"status":"success","data":[{"__name__":"up","job":"node"},{"__name__":"up"}]}';
    expect(await get('series?match[]=up&match[]={job="node"}')).toBe(whole);
    expect(await post('series', [['match[]', 'up']])).toBe(whole);
    expect(await get('series?match[]=up&limit=1')).toBe(
      '200 {"status":"success","data":[{"__name__":"up","job":"node"}],"warnings":["results truncated due to limit"]}',
    );
  });

  test.each([
    ['series', 'no match[] parameter provided'],
    [
      'series?match[]=',
      'invalid parameter \\"match[]\\": unknown position: parse error: unexpected end of input',
    ],
    [
      'series?match[]={x=~".*"}',
      'invalid parameter \\"match[]\\": match[] must contain at least one non-empty matcher',
    ],
    ['labels?match[]={', '1:2: parse error: unexpected end of input inside braces'],
    [
      'labels?start=x',
      `invalid parameter \\"start\\": invalid time value for 'start': cannot parse \\"x\\" to a valid timestamp`,
    ],
    ['metadata?limit=x', 'limit must be a number'],
  ])('%s is refused', async (path, error) => {
    expect(await get(path)).toBe(`400 {"status":"error","errorType":"bad_data","error":"${error}"}`);
  });

  test('metadata by family, as many as asked for', async () => {
    engine.families = new Map([
      ['up', [{ type: 'gauge', help: 'Is it <up>?', unit: '' }]],
      [
        'a_total',
        [
          { type: 'counter', help: 'A', unit: '' },
          { type: 'gauge', help: 'B', unit: 's' },
        ],
      ],
    ]);
    expect(await get('metadata?limit_per_metric=1')).toBe(
      '200 {"status":"success","data":{"a_total":[{"type":"counter","unit":"","help":"A"}],"up":[{"type":"gauge","unit":"","help":"Is it \\u003cup\\u003e?"}]}}',
    );
    expect(await get('metadata?metric=up')).toContain('"data":{"up":[');
    expect(await get('metadata?limit=0')).toBe('200 {"status":"success","data":{}}');
  });
});

describe('rules and alerts', () => {
  const alert =
    '{"labels":{"alertname":"KarmadaRegionDown","region":"eu-west-1"},"annotations":{"summary":"Region \\u003ceu-west-1\\u003e is down"},"state":"firing","activeAt":"2026-11-24T13:00:00Z","value":"2e+00"}';

  test('rules have the form of Prometheus', async () => {
    expect(await get('rules')).toBe(
      '200 {"status":"success","data":{"groups":[{"name":"federation","file":"alerts/rules/federation.yaml","rules":[' +
        '{"state":"firing","name":"KarmadaRegionDown","query":"count by (region) (up) \\u003e 1","duration":60,"keepFiringFor":0,"labels":{"severity":"page"},' +
        `"annotations":{"summary":"Region \\u003c{{ $labels.region }}\\u003e is down"},"alerts":[${alert}],"health":"ok","evaluationTime":0.0005,"lastEvaluation":"2026-11-24T13:00:00.12Z","type":"alerting"},` +
        '{"name":"job:up:sum","query":"sum by (job) (up)","labels":{},"health":"err","lastError":"query timed out","evaluationTime":0,"lastEvaluation":"0001-01-01T00:00:00Z","type":"recording"}],' +
        '"interval":15,"limit":0,"evaluationTime":0.0015,"lastEvaluation":"2026-11-24T13:00:00.12Z"}]}}',
    );
  });

  test('alerts are all active ones', async () => {
    expect(await get('alerts')).toBe(`200 {"status":"success","data":{"alerts":[${alert}]}}`);
  });

  test.each([
    ['rules?type=record', ['job:up:sum']],
    ['rules?type=alert&exclude_alerts=true', ['KarmadaRegionDown']],
    ['rules?rule_name[]=job:up:sum', ['job:up:sum']],
    ['rules?rule_group[]=nosuch', []],
    ['rules?file[]=alerts/rules/federation.yaml', ['KarmadaRegionDown', 'job:up:sum']],
    ['rules?match[]={severity="page"}', ['KarmadaRegionDown']],
    ['rules?group_limit=1', ['KarmadaRegionDown', 'job:up:sum']],
  ])('%s shows %j', async (path, names) => {
    const body = JSON.parse((await get(path)).slice(4));
    expect(
      body.data.groups.flatMap((one: { rules: { name: string }[] }) => one.rules.map(({ name }) => name)),
    ).toEqual(names);
  });

  test.each([
    ['rules?type=x', 'invalid parameter \\"type\\": not supported value \\"x\\"'],
    [
      'rules?exclude_alerts=x',
      'invalid parameter \\"exclude_alerts\\": error converting exclude_alerts: strconv.ParseBool: parsing \\"x\\": invalid syntax',
    ],
    [
      'rules?group_next_token=x',
      'invalid parameter \\"group_next_token\\": group_limit needs to be present in order to paginate over the groups',
    ],
    ['rules?group_limit=0', 'invalid parameter \\"group_limit\\": group_limit needs to be greater than 0'],
    [
      'rules?group_limit=1&group_next_token=x',
      `invalid parameter \\"group_next_token\\": invalid group_next_token 'x'. were rule groups changed?`,
    ],
  ])('%s is refused', async (path, error) => {
    expect(await get(path)).toBe(`400 {"status":"error","errorType":"bad_data","error":"${error}"}`);
  });
});

describe('expressions', () => {
  test('are formatted and parsed', async () => {
    expect(await get('format_query?query=foo%2Fbar')).toBe('200 {"status":"success","data":"foo / bar"}');
    expect(await post('parse_query', { query: '1' })).toBe(
      '200 {"status":"success","data":{"type":"numberLiteral","val":"1"}}',
    );
    expect(await get('format_query?query=foo(')).toMatch(
      /^400 .*invalid parameter \\"query\\": 1:5: parse error/,
    );
  });
});

describe('status', () => {
  test('tells clients which API this is', async () => {
    const { data } = JSON.parse((await get('status/buildinfo')).slice(4));
    expect(data).toMatchObject({ version: '3.14.0', revision: expect.stringMatching(/^karmascope-/) });
    expect(await get('status/flags')).toBe(
      '200 {"status":"success","data":{"web.listen-address":"127.0.0.1:9390"}}',
    );
    expect(await get('status/runtimeinfo')).toContain('"startTime":"2026-11-24T12:59:00.12Z"');
  });
});

describe('events', () => {
  test('are found by what is asked for', async () => {
    const found = await get('events?cluster=prod-eu-1&kind=Node&q=not%20ready&since=1h&limit=5');
    expect(JSON.parse(found.slice(4)).data).toEqual({
      events: [
        {
          cluster: 'prod-eu-1',
          time: '2026-11-24T12:59:59.120Z',
          firstTime: '2026-11-24T12:58:59.120Z',
          receivedTime: '2026-11-24T13:00:00.120Z',
          type: 'Warning',
          reason: 'NodeNotReady',
          message: 'Node n1 is not ready',
          count: 3,
          object: event.object,
          component: 'node-controller',
          uid: 'u1',
        },
      ],
      next: 'cursor',
    });
    expect(eventQueries).toEqual([
      { cluster: 'prod-eu-1', kind: 'Node', text: 'not ready', sinceMs: NOW_MS - 3_600_000, limit: 5 },
    ]);
  });

  test.each([
    [
      'events?since=yesterday',
      'invalid parameter \\"since\\": cannot parse \\"yesterday\\" to a valid timestamp',
    ],
    ['events?until=1x', 'invalid parameter \\"until\\": cannot parse \\"1x\\" to a valid duration'],
    ['events?limit=-5', 'invalid parameter \\"limit\\": limit must be non-negative'],
    ['events?from=elsewhere', 'invalid parameter \\"from\\": Cannot go on from \\"elsewhere\\"'],
  ])('%s is refused', async (path, error) => {
    expect(await get(path)).toBe(`400 {"status":"error","errorType":"bad_data","error":"${error}"}`);
  });
});

describe('any endpoint', () => {
  test('lets other origins read', async () => {
    const response = await fetch(`${server.url}/api/v1/labels`, { headers: { origin: 'http://grafana' } });
    expect(response.headers.get('access-control-allow-origin')).toBe('*');
    expect(response.headers.get('vary')).toBe('Origin, Accept-Encoding');
    const preflight = await fetch(`${server.url}/api/v1/query`, {
      method: 'OPTIONS',
      headers: { origin: 'http://grafana' },
    });
    expect([preflight.status, preflight.headers.get('access-control-allow-methods')]).toEqual([
      204,
      'GET, POST, OPTIONS',
    ]);
  });

  test('answers 405 to what it does not do', async () => {
    expect(await get('labels', { method: 'HEAD' })).toBe('405 ');
    expect(await get('rules', { method: 'POST' })).toBe('405 Method Not Allowed\n');
    expect(await get('query', { method: 'DELETE' })).toBe('405 Method Not Allowed\n');
  });

  test('says what of a request cannot be read', async () => {
    expect(await get('label/%FF/values')).toBe(
      `400 {"status":"error","errorType":"bad_data","error":"Cannot read the request: Failed to decode param '%FF'"}`,
    );
    // As Go does: a pair that is not encoded rightly, or holds a semicolon, is not there.
    expect(await get('query?query=%zz')).toContain('no expression found in input');
    expect(await get('query?query=up;limit=1')).toContain('no expression found in input');
  });

  test('counts requests by what was answered', async () => {
    await get('query?query=up');
    await get('query?query=(');
    const text = await registry.metrics();
    expect(text).toContain('karmascope_aggregator_http_requests_total{handler="/api/v1/query",code="200"} 1');
    expect(text).toContain('karmascope_aggregator_http_requests_total{handler="/api/v1/query",code="400"} 1');
    expect(text).toContain(
      'karmascope_aggregator_http_request_duration_seconds_count{handler="/api/v1/query"} 2',
    );
  });
});
