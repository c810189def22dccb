import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ConfigError } from '../runtime/config.ts';
import { loadAggregatorConfig } from './config.ts';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'config-'));
  file = join(folder, 'hub.yaml');
});
afterEach(() => rmSync(folder, { recursive: true }));

function load(text: string) {
  writeFileSync(file, text);
  return loadAggregatorConfig(file);
}

describe('loadAggregatorConfig()', () => {
  test('has defaults for everything: without a file, and with an empty one', () => {
    const config = loadAggregatorConfig(undefined);
    expect(config).toMatchObject({
      federation: 'default',
      cluster: 'karmascope',
      evaluationIntervalMs: 15_000,
      identities: [],
      alerting: { alertmanagers: [] },
      demoControlUrl: undefined,
    });
    expect(config.ruleFiles).toEqual([expect.stringMatching(/\/alerts\/rules\/\*\.yaml$/)]);
    expect(config.sloFiles).toEqual([expect.stringMatching(/\/alerts\/slo\/\*\.yaml$/)]);
    expect(load('')).toEqual(config);
  });

  test('reads everything, paths from the folder of the file', () => {
    expect(
      load(`
federation: demo
cluster: karmada-host
global: { evaluation_interval: 30s }
identities:
  - { name: prod-eu-1, token_file: tokens/eu, cluster: prod-eu-1 }
  - { name: host, token_file: /run/host, cluster: karmada-host, federation: true, region: eu-west-1, provider: aws }
rule_files: ['rules/*.yaml']
slo_files: []
alerting: { alertmanagers: [{ static_configs: [{ targets: ['127.0.0.1:9093'] }] }] }
demo: { control_url: 'http://127.0.0.1:9399' }
`),
    ).toMatchObject({
      federation: 'demo',
      cluster: 'karmada-host',
      evaluationIntervalMs: 30_000,
      identities: [
        { name: 'prod-eu-1', token_file: join(folder, 'tokens/eu'), federation: false, trusted: false },
        { name: 'host', token_file: '/run/host', federation: true, region: 'eu-west-1', provider: 'aws' },
      ],
      ruleFiles: [join(folder, 'rules/*.yaml')],
      sloFiles: [],
      alerting: { alertmanagers: [{ static_configs: [{ targets: ['127.0.0.1:9093'] }] }] },
      demoControlUrl: 'http://127.0.0.1:9399',
    });
  });

  test.each([
    ['federaton: demo', /hub\.yaml:1:1: federaton: unknown key; did you mean "federation"\?/],
    ['federation: ""', /hub\.yaml:1:1: federation: is empty/],
    ['cluster: Karmada_Host', /cluster: is no cluster name/],
    ['global: { evaluation_interval: 15 }', /evaluation_interval: expected string/],
    ['global: { evaluation_interval: 100ms }', /evaluation_interval: is too short: 1s at least/],
    ['identities: [{ name: a }]', /identities\[0\]/],
    ['demo: { control_url: "http://10.0.0.1:80" }', /demo\.control_url: must be a http:\/\/ URL on loopback/],
    ['demo: { control_url: "https://127.0.0.1:80" }', /must be a http:\/\/ URL on loopback/],
    ['demo: { control_url: "http://127.0.0.1.evil.example" }', /must be a http:\/\/ URL on loopback/],
    ['alerting: { alertmanagers: [{ static_configs: [{ targets: ["http://x"] }] }] }', /must be HOST:PORT/],
    ['identities: [', /not valid YAML/],
  ])('refuses %s and says where and why', (text, problem) => {
    expect(() => load(text)).toThrow(ConfigError);
    expect(() => load(text)).toThrow(problem);
  });
});
