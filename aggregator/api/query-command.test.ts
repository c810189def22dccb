import { createServer, type RequestListener } from 'node:http';
import { expect, test } from 'vitest';
import { ManualClock } from '../../runtime/clock.ts';
import { listen } from '../../runtime/http-server.ts';
import { queryCommand } from './query-command.ts';

interface Run {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  readonly asked: string;
}

type Flags = Partial<Parameters<typeof queryCommand>[0]>;

/** Runs the command against a server that answers one body to everything. */
async function run(body: string, flags: Flags = {}, status = 200): Promise<Run> {
  let asked = '';
  const handler: RequestListener = async (request, response) => {
    let form = '';
    for await (const chunk of request) form += chunk;
    asked = `${request.method} ${request.url} ${form}`;
    response.writeHead(status).end(body);
  };
  const server = await listen('127.0.0.1:0', handler);
  try {
    return { ...(await runAgainst(server.url, flags)), asked };
  } finally {
    await server.close();
  }
}

async function runAgainst(server: string, flags: Flags): Promise<Omit<Run, 'asked'>> {
  let out = '';
  let err = '';
  const code = await queryCommand({
    expression: 'up',
    server,
    output: 'table',
    stdout: { write: (text) => (out += text) },
    stderr: { write: (text) => (err += text) },
    clock: new ManualClock(3_600_000),
    ...flags,
  });
  return { code, out, err };
}

function success(resultType: string, result: unknown, more: object = {}): string {
  return JSON.stringify({ status: 'success', data: { resultType, result }, ...more });
}

const vector = success('vector', [
  { metric: { __name__: 'up', cluster: 'prod-eu-1', job: 'node', region: 'eu' }, value: [1000, '1'] },
  {
    metric: { __name__: 'up', cluster: 'prod-eu-2', job: 'kubelet "x"', region: 'eu' },
    value: [1000, '0.25'],
  },
]);

test('a vector is a table: a column for each label that differs, shared ones once', async () => {
  const { code, out, err, asked } = await run(vector);
  expect(out).toBe(`__name__="up" region="eu"

CLUSTER    JOB          VALUE
prod-eu-1  node             1
prod-eu-2  kubelet "x"   0.25
`);
  expect([code, err, asked]).toEqual([0, '', 'POST /api/v1/query query=up']);
});

test('a vector is CSV with all labels', async () => {
  const { out } = await run(vector, { output: 'csv' });
  expect(out).toBe(
    '__name__,cluster,job,region,time,value\r\n' +
      'up,prod-eu-1,node,eu,1970-01-01T00:16:40Z,1\r\n' +
      'up,prod-eu-2,"kubelet ""x""",eu,1970-01-01T00:16:40Z,0.25\r\n',
  );
});

test('JSON is the answer as it came', async () => {
  const { out } = await run(success('scalar', [1, '5'], { extra: 1 }), { output: 'json' });
  expect(JSON.parse(out)).toEqual({ resultType: 'scalar', result: [1, '5'] });
});

test('a range shows its points with their times', async () => {
  const matrix = success('matrix', [
    {
      metric: { job: 'a' },
      values: [
        [0, '1'],
        [60.5, 'NaN'],
      ],
    },
    { metric: { job: 'b' }, histograms: [[60, { count: '3', sum: '4.5', buckets: [] }]] },
  ]);
  const { out, asked } = await run(matrix, { start: '0', end: '1970-01-01T00:30:00Z', step: '1m' });
  expect(out).toBe(`JOB  TIME                                VALUE
a    1970-01-01T00:00:00Z                    1
a    1970-01-01T00:01:00.500Z              NaN
b    1970-01-01T00:01:00Z      count=3 sum=4.5
`);
  expect(asked).toBe('POST /api/v1/query_range query=up&start=0&end=1800&step=60');
});

test('a range without end and step reaches to now in 60 points', async () => {
  const { asked, out } = await run(success('matrix', []), { start: '0' });
  expect(asked).toBe('POST /api/v1/query_range query=up&start=0&end=3600&step=60');
  expect(out).toBe('No series match.\n');
});

test('scalars and strings are their value', async () => {
  expect((await run(success('scalar', [1, '5']))).out).toBe('5\n');
  expect((await run(success('string', [1, 'hello']))).out).toBe('hello\n');
});

test('a path of the server and a time are kept', async () => {
  const { asked } = await run(vector, { time: '2015-07-01T20:10:51.781Z' });
  expect(asked).toBe('POST /api/v1/query query=up&time=1435781451.781');
});

test('warnings and infos go to standard error', async () => {
  const { err, code } = await run(success('vector', [], { warnings: ['slow'], infos: ['not a counter'] }));
  expect([code, err]).toEqual([0, 'warning: slow\ninfo: not a counter\n']);
});

test('an error of the API is shown, exit 1', async () => {
  const body = JSON.stringify({ status: 'error', errorType: 'bad_data', error: '1:1: parse error: x' });
  const { code, err, out } = await run(body, {}, 400);
  expect([code, out, err]).toEqual([1, '', 'Cannot answer (bad_data): 1:1: parse error: x\n']);
});

test.each([
  ['<html>', /status 502, and no JSON; is it a Prometheus API\?/],
  ['{"status":"ok"}', /status 502, and not the answer of a Prometheus API/],
])('%s is no answer, exit 1', async (body, message) => {
  const { code, err } = await run(body, {}, 502);
  expect(code).toBe(1);
  expect(err).toMatch(message);
});

test('nobody listening is said with the way out, exit 1', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  const { code, err } = await runAgainst(`http://127.0.0.1:${port}`, {});
  expect([code, err]).toEqual([
    1,
    `Cannot query http://127.0.0.1:${port}: nobody listens there; is the hub running?\n`,
  ]);
});

test.each([
  [{ time: 'now' }, 'cannot parse "now" to a valid timestamp'],
  [{ time: '1', start: '1' }, '--time asks for one time, --start for a range; give one of them'],
  [{ end: '1' }, '--end and --step belong to a range; give its --start'],
  [{ start: '2', end: '1' }, '--end is before --start'],
  [{ start: '1', step: 'x' }, 'cannot parse "x" to a valid duration'],
  [{ server: 'localhost' }, '"localhost" is no URL; write --server http://HOST:PORT'],
  [{ server: 'file:///etc' }, '"file:///etc" is no URL of a web server; write --server http://HOST:PORT'],
])('%j are wrong arguments, exit 2', async (flags, message) => {
  const { code, err } = await runAgainst('http://127.0.0.1:1', flags);
  expect([code, err]).toEqual([2, `Cannot query: ${message}\n`]);
});
