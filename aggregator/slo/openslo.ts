import { parseDocument } from 'yaml';
import { z } from 'zod';
import { parseDurationMs } from '../../model/duration.ts';
import type { Matcher } from '../../model/matcher.ts';
import { parseConfig, readConfigText } from '../../runtime/config.ts';
import { parseMetricSelector } from '../promql/parser.ts';

/** One objective as its file has it, checked: what share of events must be good, over which time. */
export interface Objective {
  readonly file: string;
  /** Of the SLO; with several objectives in one, a number is added. Unique among all files. */
  readonly name: string;
  readonly displayName: string;
  readonly service: string;
  /** 0.999 for 99.9 %. */
  readonly target: number;
  /** 1 - target, as the decimal it was meant to be: 1 - 0.999 in doubles is another number. */
  readonly budget: number;
  /** Rolling. */
  readonly windowMs: number;
  readonly total: readonly Matcher[];
  /** Exactly one of the two is there; the other is what is left of the total. */
  readonly good: readonly Matcher[] | undefined;
  readonly bad: readonly Matcher[] | undefined;
}

const DEFAULT_WINDOW = '28d';

const selector = z.string().superRefine((text, context) => {
  try {
    parseMetricSelector(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    context.addIssue({
      code: 'custom',
      message: `must be the selector of a counter, without rate() or sum(): its increases are taken exactly, series by series (${reason})`,
    });
  }
});

const metric = z.strictObject({
  metricSource: z.strictObject({
    metricSourceRef: z.string().optional(),
    type: z.literal('Prometheus', 'only "Prometheus" can be read').optional(),
    spec: z.strictObject({ query: selector }),
  }),
});

const rollingDuration = z.string().superRefine((text, context) => {
  if (/^\d+[MQY]$/.test(text)) {
    context.addIssue({
      code: 'custom',
      message: `"${text}" is a calendar period; a rolling window is written in days or weeks, as 28d`,
    });
  } else if (!/^[1-9]\d*[mhdw]$/.test(text)) {
    context.addIssue({
      code: 'custom',
      message: `"${text}" is no duration; write a whole number and m, h, d or w, as 28d`,
    });
  }
});

const objective = z.strictObject({
  displayName: z.string().optional(),
  target: z.number().optional(),
  targetPercent: z.number().optional(),
});

const metadata = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/, 'must be a DNS label: lower-case letters, digits and "-"'),
  displayName: z.string().optional(),
  labels: z.record(z.string(), z.union([z.string(), z.array(z.string())])).optional(),
  annotations: z.record(z.string(), z.string()).optional(),
});

/** The part of OpenSLO v1 that can be evaluated: github.com/OpenSLO/OpenSLO. Everything else is refused by name. */
const sloDocument = z
  .strictObject({
    apiVersion: z.enum(['openslo/v1', 'openslo.com/v1']),
    kind: z.literal('SLO', 'only kind SLO, with its indicator inline, can be read'),
    metadata,
    spec: z.strictObject({
      description: z.string().max(1050).optional(),
      service: z.string().min(1),
      indicator: z.strictObject({
        metadata: z.strictObject({ name: z.string(), displayName: z.string().optional() }).optional(),
        spec: z.strictObject({
          description: z.string().optional(),
          ratioMetric: z
            .strictObject({
              counter: z.literal(true, 'must be true: the queries name counters'),
              good: metric.optional(),
              bad: metric.optional(),
              total: metric,
            })
            .refine(
              ({ good, bad }) => (good === undefined) !== (bad === undefined),
              'needs exactly one of good and bad',
            ),
        }),
      }),
      timeWindow: z
        .array(
          z.strictObject({
            duration: rollingDuration,
            isRolling: z.literal(true, 'must be true: calendar windows cannot be evaluated'),
          }),
        )
        .length(1, 'must have exactly one window')
        .optional(),
      budgetingMethod: z.literal('Occurrences', 'must be Occurrences'),
      objectives: z.array(objective).min(1, 'needs at least one objective'),
      alertPolicies: z
        .array(z.unknown())
        .max(0, 'cannot be read; alert on the series slo:burn_rate:ratio')
        .optional(),
    }),
  })
  .superRefine(({ spec }, context) => {
    for (const [i, { target, targetPercent }] of spec.objectives.entries()) {
      const path = ['spec', 'objectives', i];
      if ((target === undefined) === (targetPercent === undefined)) {
        context.addIssue({ code: 'custom', path, message: 'needs exactly one of target and targetPercent' });
        continue;
      }
      const [key, value, whole] =
        target === undefined ? ['targetPercent', targetPercent!, 100] : ['target', target, 1];
      if (value >= whole) {
        context.addIssue({
          code: 'custom',
          path: [...path, key],
          message: `${value} leaves no budget: every single error would break it; write less than ${whole}`,
        });
      } else if (value <= 0) {
        context.addIssue({
          code: 'custom',
          path: [...path, key],
          message: `${value} asks for nothing; write more than 0`,
        });
      }
    }
  });

/** Reads the objectives of a file, which may hold several documents. Throws a ConfigError that names every problem. */
export function loadObjectives(file: string): Objective[] {
  return parseObjectives(file, readConfigText(file));
}

export function parseObjectives(file: string, text: string): Objective[] {
  return documentsOf(text).flatMap((document) => {
    const slo = parseConfig(file, document, sloDocument);
    const { ratioMetric } = slo.spec.indicator.spec;
    const matchers = (source: z.infer<typeof metric> | undefined) =>
      source === undefined ? undefined : parseMetricSelector(source.metricSource.spec.query);
    return slo.spec.objectives.map(({ displayName, target, targetPercent }, i): Objective => {
      const many = slo.spec.objectives.length > 1;
      const name = slo.metadata.name;
      const title = slo.metadata.displayName ?? name;
      const { target: share, budget } = exactTarget(target, targetPercent);
      return {
        file,
        name: many ? `${name}-${i + 1}` : name,
        displayName: many && displayName !== undefined ? `${title}, ${displayName}` : title,
        service: slo.spec.service,
        target: share,
        budget,
        windowMs: parseDurationMs(slo.spec.timeWindow?.[0]?.duration ?? DEFAULT_WINDOW),
        total: matchers(ratioMetric.total)!,
        good: matchers(ratioMetric.good),
        bad: matchers(ratioMetric.bad),
      };
    });
  });
}

/** Target and budget as the nearest doubles of the decimals that were written, to a billionth. */
export function exactTarget(
  target: number | undefined,
  targetPercent: number | undefined,
): { target: number; budget: number } {
  const billionths = target === undefined ? Math.round(targetPercent! * 1e7) : Math.round(target * 1e9);
  return { target: billionths / 1e9, budget: (1e9 - billionths) / 1e9 };
}

/**
 * The documents of a text, each with as many empty lines before it as the file has, so that problems are
 * reported at the file's lines. Documents without content are left out.
 */
function documentsOf(text: string): string[] {
  const documents: string[] = [];
  let line = 0;
  for (const part of text.split(/^---[ \t]*$/m)) {
    if (parseDocument(part).contents !== null) documents.push('\n'.repeat(line) + part);
    line += part.split('\n').length - 1;
  }
  return documents;
}
