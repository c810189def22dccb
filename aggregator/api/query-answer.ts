import { z } from 'zod';

const labels = z.record(z.string(), z.string());
const point = z.tuple([z.number(), z.string()]);
const histogramPoint = z.tuple([z.number(), z.looseObject({ count: z.string(), sum: z.string() })]);
const dataSchema = z.discriminatedUnion('resultType', [
  z.looseObject({ resultType: z.enum(['scalar', 'string']), result: point }),
  z.looseObject({
    resultType: z.literal('vector'),
    result: z.array(
      z.looseObject({ metric: labels, value: point.optional(), histogram: histogramPoint.optional() }),
    ),
  }),
  z.looseObject({
    resultType: z.literal('matrix'),
    result: z.array(
      z.looseObject({
        metric: labels,
        values: z.array(point).optional(),
        histograms: z.array(histogramPoint).optional(),
      }),
    ),
  }),
]);
/** What `/api/v1/query` and `/api/v1/query_range` of any server answer; more than this is let through. */
export const queryAnswerSchema = z.discriminatedUnion('status', [
  z.looseObject({
    status: z.literal('success'),
    data: dataSchema,
    warnings: z.array(z.string()).optional(),
    infos: z.array(z.string()).optional(),
  }),
  z.looseObject({ status: z.literal('error'), errorType: z.string(), error: z.string() }),
]);

export type QueryAnswer = z.infer<typeof queryAnswerSchema>;
/** The result of a query as the API answers it. */
export type QueryData = z.infer<typeof dataSchema>;
