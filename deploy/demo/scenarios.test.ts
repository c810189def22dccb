import { expect, test } from 'vitest';
import type { SimulatorAddresses } from '../simulator/simulator.ts';
import { demoScenarios } from './scenarios.ts';

const cluster = (name: string, region: string) =>
  ({ name, region, provider: 'aws', syncMode: 'Push', url: 'http://127.0.0.1:1', token: 't' }) as const;

const simulator: SimulatorAddresses = {
  controlUrl: 'http://simulator',
  host: cluster('karmada-host', 'eu-west-1'),
  members: [cluster('prod-eu-1', 'eu-west-1'), cluster('prod-us-1', 'us-east-1')],
  karmada: { url: 'http://127.0.0.1:2', token: 't' },
};

/** Collectors as names in a set; a simulator that answers what it is told to. */
function setUp(answers: Record<string, [status: number, body: unknown]>) {
  const running = new Set(['karmada-host', 'prod-eu-1', 'prod-us-1'].map((name) => `collector ${name}`));
  const asked: string[] = [];
  const demo = demoScenarios({
    simulator,
    children: {
      isRunning: (name) => running.has(name),
      kill: async (name) => void running.delete(name),
    },
    startCollector: (name) => running.add(`collector ${name}`),
    fetch: async (url, init) => {
      const path = String(url).replace(simulator.controlUrl, '');
      asked.push(`${init?.method ?? 'GET'} ${path} ${init?.body ?? ''}`.trim());
      const [status, body] = answers[path]!;
      return Response.json(body, { status });
    },
  });
  return { ...demo, running, asked };
}

test('a lost region takes its collectors with it, recovery brings them back', async () => {
  const { scenarios, running, asked } = setUp({
    '/scenario/region-lost': [200, { lost: ['prod-us-1'] }],
    '/scenario/recovery': [200, { recovering: ['prod-us-1'] }],
  });
  expect(await scenarios['region-lost']!({ region: 'us-east-1' })).toEqual({ lost: ['prod-us-1'] });
  expect([...running]).toEqual(['collector karmada-host', 'collector prod-eu-1']);
  expect(await scenarios['recovery']!({})).toEqual({ recovering: ['prod-us-1'], restarted: ['prod-us-1'] });
  expect(running.has('collector prod-us-1')).toBe(true);
  expect(asked).toEqual(['POST /scenario/region-lost {"region":"us-east-1"}', 'POST /scenario/recovery {}']);
});

test('a silent collector is one process less and nothing else', async () => {
  const { scenarios, state, asked } = setUp({ '/scenario': [200, { regions: [], clusters: [], lost: [] }] });
  expect(await scenarios['collector-silent']!({ cluster: 'prod-eu-1' })).toEqual({ silent: ['prod-eu-1'] });
  expect(asked).toEqual([]);
  expect(await state()).toEqual({ regions: [], clusters: [], lost: [], silentCollectors: ['prod-eu-1'] });
});

test("the simulator's refusal comes through with its words", async () => {
  const { scenarios } = setUp({ '/scenario/region-lost': [400, { error: 'Cannot lose region "mars"' }] });
  await expect(scenarios['region-lost']!({ region: 'mars' })).rejects.toMatchObject({
    status: 400,
    message: 'Cannot lose region "mars"',
  });
});

test('an unknown cluster is refused with those there are', async () => {
  const { scenarios } = setUp({});
  await expect(scenarios['collector-silent']!({ cluster: 'x' })).rejects.toThrow(
    'Cannot silence the collector of "x": choose one of karmada-host, prod-eu-1, prod-us-1',
  );
});
