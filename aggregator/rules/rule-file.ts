import { globSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { parseDocument } from 'yaml';
import { z } from 'zod';
import { isLegacyLabelName, isLegacyMetricName, METRIC_NAME } from '../../model/labels.ts';
import { durationSchema, parseConfig, readConfigText } from '../../runtime/config.ts';
import { parseExpr } from '../promql/parser.ts';
import { checkTemplate } from './template.ts';

/** One rule group as its file has it, checked. Identity is file and name. */
export interface RuleGroupSpec {
  readonly file: string;
  readonly name: string;
  readonly intervalMs: number | undefined;
  readonly queryOffsetMs: number;
  /** At most this many alerts or series a rule; 0 is no limit. */
  readonly limit: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly rules: readonly RuleSpec[];
}

export type RuleSpec = RecordingRuleSpec | AlertingRuleSpec;

export interface RecordingRuleSpec {
  readonly type: 'recording';
  readonly name: string;
  readonly expression: string;
  readonly labels: Readonly<Record<string, string>>;
}

export interface AlertingRuleSpec {
  readonly type: 'alerting';
  readonly name: string;
  readonly expression: string;
  readonly forMs: number;
  readonly keepFiringForMs: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

const expression = z.string().superRefine((text, context) => {
  try {
    parseExpr(text);
  } catch (error) {
    context.addIssue({ code: 'custom', message: `could not parse expression: ${messageOf(error)}` });
  }
});

const template = z.string().superRefine((text, context) => {
  try {
    checkTemplate(text);
  } catch (error) {
    context.addIssue({ code: 'custom', message: messageOf(error) });
  }
});

const labelName = z
  .string()
  .refine((name) => isLegacyLabelName(name) && name !== METRIC_NAME, 'is no valid label name');

const labels = z.record(labelName, template).default({});

const recordingRule = z.strictObject({
  record: z.string().refine(isLegacyMetricName, 'is no valid metric name'),
  expr: expression,
  labels: z.record(labelName, z.string()).default({}),
});

const alertingRule = z.strictObject({
  alert: z.string().min(1, 'must not be empty'),
  expr: expression,
  for: durationSchema.default(0),
  keep_firing_for: durationSchema.default(0),
  labels,
  annotations: z.record(labelName, template).default({}),
});

const ruleFile = z
  .strictObject({
    groups: z
      .array(
        z.strictObject({
          name: z.string().min(1, 'must not be empty'),
          interval: durationSchema.optional(),
          query_offset: durationSchema.default(0),
          limit: z.number().int().min(0).default(0),
          labels: z.record(labelName, z.string()).default({}),
          rules: z.array(z.union([recordingRule, alertingRule])).default([]),
        }),
      )
      .default([]),
  })
  .superRefine(({ groups }, context) => {
    const seen = new Set<string>();
    for (const [i, { name }] of groups.entries()) {
      if (seen.has(name))
        context.addIssue({
          code: 'custom',
          path: ['groups', i, 'name'],
          message: `group name "${name}" is repeated in this file`,
        });
      seen.add(name);
    }
  });

/** Reads and checks one file in Prometheus' format. Throws a ConfigError that names every problem and its place. */
export function loadRuleFile(file: string): RuleGroupSpec[] {
  return parseRuleFile(file, readConfigText(file));
}

/** The same for a text; `file` names it. Of several YAML documents only the first counts, as in Prometheus. */
export function parseRuleFile(file: string, text: string): RuleGroupSpec[] {
  const { groups } = parseConfig(file, firstDocument(text), ruleFile);
  return groups.map((group) => ({
    file,
    name: group.name,
    intervalMs: group.interval,
    queryOffsetMs: group.query_offset,
    limit: group.limit,
    labels: group.labels,
    rules: group.rules.map(
      (rule): RuleSpec =>
        'record' in rule
          ? {
              type: 'recording',
              name: rule.record,
              expression: rule.expr,
              labels: { ...group.labels, ...rule.labels },
            }
          : {
              type: 'alerting',
              name: rule.alert,
              expression: rule.expr,
              forMs: rule.for,
              keepFiringForMs: rule.keep_firing_for,
              labels: { ...group.labels, ...rule.labels },
              annotations: rule.annotations,
            },
    ),
  }));
}

/** Files of a list of patterns, each once and in order; relative ones count from `folder`. */
export function ruleFilesOf(patterns: readonly string[], folder: string): string[] {
  const files = patterns.flatMap((pattern) => {
    const path = isAbsolute(pattern) ? pattern : join(folder, pattern);
    return globSync(path).toSorted();
  });
  return [...new Set(files)];
}

function firstDocument(text: string): string {
  const separator = /^---\s*$/gm;
  for (let match = separator.exec(text); match; match = separator.exec(text)) {
    const head = text.slice(0, match.index);
    if (parseDocument(head).contents !== null) return head;
  }
  return text;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
