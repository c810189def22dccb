import { expect, test } from 'vitest';
import { z } from 'zod';
import { ConfigError, durationSchema, loadConfig, parseConfig } from './config.ts';

const schema = z.strictObject({
  push: z.strictObject({ url: z.url(), token_file: z.string().optional() }),
  scrape_interval: durationSchema.default(15_000),
  jobs: z
    .array(
      z.strictObject({
        job_name: z.string(),
        port: z.union([z.number(), z.strictObject({ name: z.string() })]),
      }),
    )
    .default([]),
});

/** What is wrong with a text, a line each. */
function problems(text: string): string[] {
  try {
    parseConfig('f.yaml', text, schema);
  } catch (error) {
    if (error instanceof ConfigError) return error.message.split('\n');
    throw error;
  }
  return [];
}

test('parseConfig() takes a valid file, durations as milliseconds, defaults filled in', () => {
  const text =
    'push: { url: "http://hub:9390" }\nscrape_interval: 1m30s\njobs: [{ job_name: node, port: 9100 }]\n';
  expect(parseConfig('f.yaml', text, schema)).toEqual({
    push: { url: 'http://hub:9390' },
    scrape_interval: 90_000,
    jobs: [{ job_name: 'node', port: 9100 }],
  });
  expect(parseConfig('f.yaml', 'push: { url: "http://hub" }', schema).scrape_interval).toBe(15_000);
});

test.each([
  [
    'an unknown key, with the near one',
    'push: { url: "http://hub", token_fil: x }',
    ['f.yaml:1:28: push.token_fil: unknown key; did you mean "token_file"?'],
  ],
  [
    'an unknown key, with all known ones',
    'push: { url: "http://hub", zebra: x }',
    ['f.yaml:1:28: push.zebra: unknown key; known here: url, token_file'],
  ],
  [
    'a missing key, where its parent stands',
    'push:\n  token_file: x\n',
    ['f.yaml:1:1: push.url: is missing; expected string'],
  ],
  [
    'a wrong type',
    'push: { url: "http://hub" }\njobs:\n  - job_name: 7\n    port: 1\n',
    ['f.yaml:3:5: jobs[0].job_name: expected string, got number 7'],
  ],
  [
    'inside the alternative that was meant',
    'push: { url: "http://hub" }\njobs:\n  - job_name: a\n    port: { nam: web }\n',
    [
      'f.yaml:4:5: jobs[0].port.name: is missing; expected string',
      'f.yaml:4:13: jobs[0].port.nam: unknown key; did you mean "name"?',
    ],
  ],
  [
    'a bad duration',
    'push: { url: "http://hub" }\nscrape_interval: 15x\n',
    ['f.yaml:2:1: scrape_interval: "15x" is no duration; write it as 15s, 1m30s or 2h'],
  ],
  [
    'a key that stands twice',
    'push: { url: "http://hub" }\npush: {}\n',
    ['f.yaml:2:1: not valid YAML: Map keys must be unique'],
  ],
])('parseConfig() reports %s', (_, text, expected) => {
  expect(problems(text)).toEqual(expected);
});

test('loadConfig() names the file that is not there', () => {
  expect(() => loadConfig('/nowhere/f.yaml', schema)).toThrow(
    '/nowhere/f.yaml:1:1: cannot read: no such file',
  );
});
