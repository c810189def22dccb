import type { ValueType } from './ast.ts';

/** What a function takes and gives, as Prometheus 3.14 declares it. */
export interface FunctionSignature {
  readonly args: readonly ValueType[];
  readonly returns: ValueType;
  /**
   * 0: exactly `args`. n > 0: the last argument may be left out, or stand up to n times. -1: it may be left
   * out, or stand any number of times.
   */
  readonly variadic: number;
  /** Refused unless experimental functions are enabled. */
  readonly experimental: boolean;
}

export type FunctionName = keyof typeof SIGNATURES;

/** Undefined for a name that is no function. */
export function functionSignature(name: string): FunctionSignature | undefined {
  return Object.hasOwn(SIGNATURES, name) ? SIGNATURES[name as FunctionName] : undefined;
}

export function functionNames(): FunctionName[] {
  return Object.keys(SIGNATURES) as FunctionName[];
}

/** A row of the table; it comes first because the table is built when the module loads. */
function signature(
  args: readonly ValueType[],
  returns: ValueType,
  options: { readonly variadic?: number; readonly experimental?: boolean } = {},
): FunctionSignature {
  return { args, returns, variadic: options.variadic ?? 0, experimental: options.experimental ?? false };
}

const SIGNATURES = {
  abs: signature(['vector'], 'vector'),
  absent: signature(['vector'], 'vector'),
  absent_over_time: signature(['matrix'], 'vector'),
  acos: signature(['vector'], 'vector'),
  acosh: signature(['vector'], 'vector'),
  asin: signature(['vector'], 'vector'),
  asinh: signature(['vector'], 'vector'),
  atan: signature(['vector'], 'vector'),
  atanh: signature(['vector'], 'vector'),
  avg_over_time: signature(['matrix'], 'vector'),
  ceil: signature(['vector'], 'vector'),
  changes: signature(['matrix'], 'vector'),
  clamp: signature(['vector', 'scalar', 'scalar'], 'vector'),
  clamp_max: signature(['vector', 'scalar'], 'vector'),
  clamp_min: signature(['vector', 'scalar'], 'vector'),
  cos: signature(['vector'], 'vector'),
  cosh: signature(['vector'], 'vector'),
  count_over_time: signature(['matrix'], 'vector'),
  day_of_month: signature(['vector'], 'vector', { variadic: 1 }),
  day_of_week: signature(['vector'], 'vector', { variadic: 1 }),
  day_of_year: signature(['vector'], 'vector', { variadic: 1 }),
  days_in_month: signature(['vector'], 'vector', { variadic: 1 }),
  deg: signature(['vector'], 'vector'),
  delta: signature(['matrix'], 'vector'),
  deriv: signature(['matrix'], 'vector'),
  double_exponential_smoothing: signature(['matrix', 'scalar', 'scalar'], 'vector', { experimental: true }),
  end: signature([], 'scalar', { experimental: true }),
  exp: signature(['vector'], 'vector'),
  first_over_time: signature(['matrix'], 'vector'),
  floor: signature(['vector'], 'vector'),
  histogram_avg: signature(['vector'], 'vector'),
  histogram_count: signature(['vector'], 'vector'),
  histogram_fraction: signature(['scalar', 'scalar', 'vector'], 'vector'),
  histogram_quantile: signature(['scalar', 'vector'], 'vector'),
  histogram_quantiles: signature(['vector', 'string', 'scalar', 'scalar'], 'vector', {
    variadic: 9,
    experimental: true,
  }),
  histogram_stddev: signature(['vector'], 'vector'),
  histogram_stdvar: signature(['vector'], 'vector'),
  histogram_sum: signature(['vector'], 'vector'),
  hour: signature(['vector'], 'vector', { variadic: 1 }),
  idelta: signature(['matrix'], 'vector'),
  increase: signature(['matrix'], 'vector'),
  info: signature(['vector', 'vector'], 'vector', { variadic: 1, experimental: true }),
  irate: signature(['matrix'], 'vector'),
  label_join: signature(['vector', 'string', 'string', 'string'], 'vector', { variadic: -1 }),
  label_replace: signature(['vector', 'string', 'string', 'string', 'string'], 'vector'),
  last_over_time: signature(['matrix'], 'vector'),
  ln: signature(['vector'], 'vector'),
  log10: signature(['vector'], 'vector'),
  log2: signature(['vector'], 'vector'),
  mad_over_time: signature(['matrix'], 'vector', { experimental: true }),
  max_of: signature(['scalar', 'scalar'], 'scalar', { experimental: true }),
  max_over_time: signature(['matrix'], 'vector'),
  min_of: signature(['scalar', 'scalar'], 'scalar', { experimental: true }),
  min_over_time: signature(['matrix'], 'vector'),
  minute: signature(['vector'], 'vector', { variadic: 1 }),
  month: signature(['vector'], 'vector', { variadic: 1 }),
  pi: signature([], 'scalar'),
  predict_linear: signature(['matrix', 'scalar'], 'vector'),
  present_over_time: signature(['matrix'], 'vector'),
  quantile_over_time: signature(['scalar', 'matrix'], 'vector'),
  rad: signature(['vector'], 'vector'),
  range: signature([], 'scalar', { experimental: true }),
  rate: signature(['matrix'], 'vector'),
  resets: signature(['matrix'], 'vector'),
  round: signature(['vector', 'scalar'], 'vector', { variadic: 1 }),
  scalar: signature(['vector'], 'scalar'),
  sgn: signature(['vector'], 'vector'),
  sin: signature(['vector'], 'vector'),
  sinh: signature(['vector'], 'vector'),
  sort: signature(['vector'], 'vector'),
  sort_by_label: signature(['vector', 'string'], 'vector', { variadic: -1, experimental: true }),
  sort_by_label_desc: signature(['vector', 'string'], 'vector', { variadic: -1, experimental: true }),
  sort_desc: signature(['vector'], 'vector'),
  sqrt: signature(['vector'], 'vector'),
  start: signature([], 'scalar', { experimental: true }),
  start_timestamp: signature(['vector'], 'vector', { experimental: true }),
  stddev_over_time: signature(['matrix'], 'vector'),
  stdvar_over_time: signature(['matrix'], 'vector'),
  step: signature([], 'scalar', { experimental: true }),
  sum_over_time: signature(['matrix'], 'vector'),
  tan: signature(['vector'], 'vector'),
  tanh: signature(['vector'], 'vector'),
  time: signature([], 'scalar'),
  timestamp: signature(['vector'], 'vector'),
  ts_of_first_over_time: signature(['matrix'], 'vector', { experimental: true }),
  ts_of_last_over_time: signature(['matrix'], 'vector', { experimental: true }),
  ts_of_max_over_time: signature(['matrix'], 'vector', { experimental: true }),
  ts_of_min_over_time: signature(['matrix'], 'vector', { experimental: true }),
  vector: signature(['scalar'], 'vector'),
  year: signature(['vector'], 'vector', { variadic: 1 }),
} as const satisfies Record<string, FunctionSignature>;
