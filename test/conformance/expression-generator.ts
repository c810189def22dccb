import { DIFFERENTIAL_METRICS } from './differential-data.ts';

/** Numbers in [0, 1). */
export type Random = () => number;

/** The same numbers for the same seed on every machine: a 32-bit linear congruential generator (Numerical Recipes). */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const RANGE_FUNCTIONS =
  'rate increase delta irate idelta deriv changes resets sum_over_time avg_over_time min_over_time max_over_time count_over_time stddev_over_time stdvar_over_time last_over_time present_over_time absent_over_time'.split(
    ' ',
  );
const VECTOR_FUNCTIONS =
  'abs ceil floor exp ln log2 log10 sqrt sgn sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh deg rad timestamp minute hour day_of_week day_of_month day_of_year days_in_month month year absent sort sort_desc - +'.split(
    ' ',
  );
const AGGREGATIONS = ['sum', 'avg', 'min', 'max', 'count', 'group', 'stddev', 'stdvar'];
const ARITHMETIC = ['+', '-', '*', '/', '%', '^', 'atan2'];
const COMPARISONS = ['==', '!=', '>', '<', '>=', '<=', '> bool', '== bool', '<= bool'];
const NUMBERS = ['0', '1', '2', '0.5', '-1', '0.9', '100', '1e3', '0x1F', 'NaN', 'Inf', '3.7', '-0.1'];
const DURATIONS = ['17s', '30s', '1m', '2m', '5m', '10m'];
const GROUPINGS = ['', '', ' by (c)', ' by (c, i)', ' without (i)', ' by ()', ' without (c, le)', ' by (le)'];
const MATCHINGS = [
  '',
  '',
  'on (c) ',
  'on (c, i) ',
  'ignoring (i) ',
  'ignoring (le) ',
  'on (c) group_left () ',
  'on (c) group_right (v) ',
  'on (c) group_left (v) ',
];

/**
 * Random expressions of the stable language over the data of the differential run, each of the type that its
 * place asks for. Errors that only data shows (many-to-many, duplicate series, bad parameters) do come out: they
 * are answers too.
 */
export class ExpressionGenerator {
  readonly #random: Random;
  /** `@` takes a time of the data: seconds. */
  readonly #startSeconds: number;

  constructor(random: Random, startSeconds: number) {
    this.#random = random;
    this.#startSeconds = startSeconds;
  }

  /** An expression at most `depth` forms deep, mostly a vector. */
  expression(depth: number): string {
    if (this.#chance(0.04)) return this.#scalar(3);
    // A range of samples is what an instant query may answer, and what a range query refuses.
    if (this.#chance(0.02)) return this.#range(1);
    return this.#vector(depth);
  }

  #vector(depth: number): string {
    if (depth <= 0) return this.#selector();
    const inner = () => this.#vector(depth - 1);
    const scalar = () => this.#scalar(depth - 1);
    const forms: (() => string)[] = [
      () => this.#selector(),
      () => `${this.#pick(RANGE_FUNCTIONS)}(${this.#range(depth)})`,
      () => `${this.#pick(RANGE_FUNCTIONS)}(${this.#range(depth)})`,
      () => `quantile_over_time(${scalar()}, ${this.#range(depth)})`,
      () => `predict_linear(${this.#range(depth)}, ${scalar()})`,
      () => `${this.#pick(AGGREGATIONS)}${this.#pick(GROUPINGS)} (${inner()})`,
      () => `${this.#pick(AGGREGATIONS)}${this.#pick(GROUPINGS)} (${inner()})`,
      () =>
        `${this.#pick(['topk', 'bottomk'])}${this.#pick(GROUPINGS)} (${this.#pick(['0', '1', '2', '5', '-1'])}, ${inner()})`,
      () => `quantile${this.#pick(GROUPINGS)} (${scalar()}, ${inner()})`,
      () => `count_values${this.#pick(GROUPINGS)} ("val", ${inner()})`,
      () => this.#call(inner()),
      () => this.#call(inner()),
      () => `round(${inner()}, ${this.#scalar(0)})`,
      () => `clamp(${inner()}, ${this.#scalar(0)}, ${this.#scalar(0)})`,
      () => `${this.#pick(['clamp_min', 'clamp_max'])}(${inner()}, ${scalar()})`,
      () => `vector(${scalar()})`,
      () => `histogram_quantile(${scalar()}, ${this.#histogram(depth)})`,
      () =>
        // biome-ignore lint/suspicious/noTemplateCurlyInString: PromQL's own placeholder.
        `label_replace(${inner()}, "${this.#pick(['c', 'x', 'i', '__name__'])}", "${this.#pick(['$1', 'a-$1', '', '${1}b'])}", "${this.#pick(['c', 'i', 'j'])}", "${this.#pick(['(.*)', '(e)u', 'x', '(.)(.*)'])}")`,
      () => `label_join(${inner()}, "x", "-", "c", "i")`,
      () => `(${inner()} ${this.#pick([...ARITHMETIC, ...COMPARISONS])} ${scalar()})`,
      () => `(${scalar()} ${this.#pick([...ARITHMETIC, ...COMPARISONS])} ${inner()})`,
      () =>
        `(${inner()} ${this.#pick([...ARITHMETIC, ...COMPARISONS])} ${this.#pick(MATCHINGS)}${this.#vector(depth - 1)})`,
      () =>
        `(${inner()} ${this.#pick(['and', 'or', 'unless'])} ${this.#pick(['', 'on (c) ', 'ignoring (i) ', 'on () '])}${this.#vector(depth - 1)})`,
    ];
    return this.#pick(forms)();
  }

  #scalar(depth: number): string {
    if (depth <= 0 || this.#chance(0.6)) return this.#pick(NUMBERS);
    return this.#pick([
      () => `scalar(${this.#vector(depth - 1)})`,
      () => 'time()',
      () => 'pi()',
      () => `(${this.#scalar(depth - 1)} ${this.#pick(ARITHMETIC)} ${this.#scalar(depth - 1)})`,
      () => `(${this.#scalar(depth - 1)} ${this.#pick(['> bool', '== bool', '<= bool'])} ${this.#scalar(0)})`,
      () => `-${this.#scalar(depth - 1)}`,
    ])();
  }

  /** A selector with a range, or a subquery. */
  #range(depth: number): string {
    if (this.#chance(0.75)) {
      return `${this.#pick(DIFFERENTIAL_METRICS)}[${this.#pick(DURATIONS)}]${this.#modifier()}`;
    }
    const resolution = this.#pick(['', '30s', '45s', '1m']);
    return `(${this.#vector(depth - 1)})[${this.#pick(['2m', '3m', '5m'])}:${resolution}]${this.#pick(['', '', ' offset 1m'])}`;
  }

  #selector(): string {
    return `${this.#pick(DIFFERENTIAL_METRICS)}${this.#modifier()}`;
  }

  #modifier(): string {
    return this.#pick([
      '',
      '',
      '',
      '',
      ' offset 1m',
      ' offset -30s',
      ` @ ${this.#startSeconds + 1800}`,
      ' @ start()',
      ' @ end()',
      ` @ ${this.#startSeconds + 900} offset 2m`,
    ]);
  }

  #histogram(depth: number): string {
    return this.#pick([
      () => 'lat_bucket',
      () => 'rate(lat_bucket[5m])',
      () => 'sum by (le) (rate(lat_bucket[2m]))',
      () => this.#vector(depth - 1),
    ])();
  }

  #call(argument: string): string {
    return `${this.#pick(VECTOR_FUNCTIONS)}(${argument})`;
  }

  #chance(probability: number): boolean {
    return this.#random() < probability;
  }

  #pick<T>(choices: readonly T[]): T {
    return choices[Math.floor(this.#random() * choices.length)]!;
  }
}
