import { describe, expect, test } from 'vitest';
import { parseCollectorConfig } from './config.ts';

const PUSH = 'push: { url: "http://127.0.0.1:9390", token_file: token }\n';

describe('collector config', () => {
  test('is as Prometheus writes it, with defaults for all but the cluster and the hub', () => {
    const config = parse(`
scrape_configs:
  - job_name: node
    static_configs: [{ targets: ['127.0.0.1:9100'], labels: { rack: 7 } }]
`);
    expect(config).toMatchObject({
      cluster: 'prod-eu-1',
      scrapeIntervalMs: 15_000,
      scrapeTimeoutMs: 10_000,
      push: { url: 'http://127.0.0.1:9390', token_file: '/etc/karmascope/token' },
    });
    expect(config.jobs[0]).toMatchObject({
      scrape: {
        name: 'node',
        intervalMs: 15_000,
        timeoutMs: 10_000,
        metricsPath: '/metrics',
        scheme: 'http',
        honorLabels: false,
        honorTimestamps: true,
        bodySizeLimitBytes: 67_108_864,
      },
      discovery: { static: [{ targets: ['127.0.0.1:9100'], labels: { rack: '7' } }] },
    });
  });

  test('makes paths absolute, relative to the file', () => {
    const config = parse(`
scrape_configs:
  - job_name: api
    scheme: https
    authorization: { credentials_file: /run/token }
    tls_config: { ca_file: pki/ca.crt, cert_file: c.crt, key_file: c.key }
    file_sd_configs: [{ files: ['targets/*.yaml'] }]
    kubernetes_sd_configs: [{ role: pod, kubeconfig_file: kube.yaml }]
events: [{ kubeconfig_file: kube.yaml }]
karmada: { kubeconfig_file: karmada.yaml }
`);
    expect(config.jobs[0]).toMatchObject({
      scrape: {
        http: {
          authorization: { type: 'Bearer', credentialsFile: '/run/token' },
          tls: { caFile: '/etc/karmascope/pki/ca.crt', certFile: '/etc/karmascope/c.crt' },
        },
      },
      discovery: {
        files: [{ files: ['/etc/karmascope/targets/*.yaml'] }],
        kubernetes: [{ kubeconfig_file: '/etc/karmascope/kube.yaml' }],
      },
    });
    expect(config.events).toEqual([{ kubeconfig_file: '/etc/karmascope/kube.yaml' }]);
    expect(config.karmada).toEqual({ kubeconfig_file: '/etc/karmascope/karmada.yaml' });
  });

  test('shortens the default timeout to a short interval', () => {
    const config = parse('scrape_configs: [{ job_name: a, scrape_interval: 5s }]');
    expect(config.jobs[0]!.scrape.timeoutMs).toBe(5_000);
  });

  test.each([
    ['scrape_configs: [{ job_nam: a }]', 'unknown key; did you mean "job_name"?'],
    [
      'scrape_configs: [{ job_name: a }, { job_name: a }]',
      'collector.yaml:3:37: scrape_configs[1].job_name: "a" comes twice; give it another name',
    ],
    ['scrape_configs: [{ job_name: a, scrape_timeout: 20s }]', 'is longer than the interval'],
    [
      'scrape_configs: [{ job_name: a, scrape_interval: 15 }]',
      'scrape_interval: expected string, got number 15',
    ],
    [
      'scrape_configs: [{ job_name: a, body_size_limit: 10X }]',
      'body_size_limit: "10X" is no size; write it as 64MB',
    ],
    [
      'scrape_configs: [{ job_name: a, relabel_configs: [{ action: keep, regex: "a(" }] }]',
      'relabel_configs[0]: regex "a(" is not RE2',
    ],
    ['scrape_configs: [{ job_name: a, relabel_configs: [{ action: kep }] }]', 'relabel_configs[0].action'],
    [
      'scrape_configs: [{ job_name: a, authorization: { type: Bearer } }]',
      'authorization: needs one of credentials and credentials_file',
    ],
    ['scrape_configs: [{ job_name: a, tls_config: { cert_file: a } }]', 'cert_file and key_file go together'],
    [
      'scrape_configs: [{ job_name: a, kubernetes_sd_configs: [{ role: service }] }]',
      'kubernetes_sd_configs[0].role',
    ],
  ])('refuses %s', (text, message) => {
    expect(() => parse(text)).toThrow(message);
  });
});

function parse(text: string) {
  return parseCollectorConfig('/etc/karmascope/collector.yaml', `cluster: prod-eu-1\n${PUSH}${text}`);
}
