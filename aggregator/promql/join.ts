import type { Labels } from '../../model/labels.ts';
import { compareUtf8, METRIC_NAME } from '../../model/labels.ts';
import type { VectorMatching } from './ast.ts';
import {
  ARITHMETIC,
  COMPARISONS,
  type Element,
  isArithmetic,
  isComparison,
  operate,
} from './binary-element.ts';
import { elementAt } from './binary-scalar.ts';
import type { EvalContext } from './context.ts';
import { executionError } from './context.ts';
import type { BinaryPlan } from './plan.ts';
import type { StepSeries } from './value.ts';
import { ABSENT, FLOAT, hasHistograms, StepColumns, withoutMetadata } from './value.ts';

/** "many" is the side of which several series may have a signature; for one-to-one it is the left side. */
export class Join {
  readonly #ctx: EvalContext;
  readonly #plan: BinaryPlan;
  readonly #matching: VectorMatching;
  readonly #many: readonly StepSeries[];
  readonly #one: readonly StepSeries[];
  readonly #manySignatures: readonly number[];
  readonly #oneSignatures: readonly number[];
  readonly #signatureCount: number;
  /** Result labels by key of both sides' labels. */
  readonly #resultLabels = new Map<string, Labels>();

  constructor(
    ctx: EvalContext,
    plan: BinaryPlan,
    many: readonly StepSeries[],
    one: readonly StepSeries[],
    manySignatures: readonly number[],
    oneSignatures: readonly number[],
    signatureCount: number,
  ) {
    this.#ctx = ctx;
    this.#plan = plan;
    this.#matching = plan.matching!;
    this.#many = many;
    this.#one = one;
    this.#manySignatures = manySignatures;
    this.#oneSignatures = oneSignatures;
    this.#signatureCount = signatureCount;
  }

  get #oneToOne(): boolean {
    return this.#matching.cardinality === 'one-to-one';
  }

  get #swapped(): boolean {
    return this.#matching.cardinality === 'one-to-many';
  }

  /** Every series has at most one partner in all steps, and nothing can collide: whole columns can be joined. */
  isSimple(): boolean {
    const { fillLeft, fillRight } = this.#matching;
    const { operator } = this.#plan;
    if (fillLeft !== undefined || fillRight !== undefined) return false;
    if (!isArithmetic(operator) && !isComparison(operator)) return false;
    if (hasHistograms(this.#many) || hasHistograms(this.#one)) return false;
    if (hasRepeats(this.#oneSignatures)) return false;
    if (this.#oneToOne) return !hasRepeats(this.#manySignatures);
    const oneOf = this.#oneBySignature();
    const results = new Set<string>();
    let pairs = 0;
    for (let i = 0; i < this.#many.length; i++) {
      const sig = this.#manySignatures[i]!;
      const one = oneOf[sig];
      if (!one) continue;
      pairs++;
      results.add(`${sig}\0${this.#labelsOf(this.#many[i]!.labels, one.labels).key}`);
    }
    return results.size === pairs;
  }

  async columns(): Promise<StepSeries[]> {
    const { operator, returnBool } = this.#plan;
    const oneOf = this.#oneBySignature();
    const joined: StepSeries[] = [];
    for (let i = 0; i < this.#many.length; i++) {
      const many = this.#many[i]!;
      const one = oneOf[this.#manySignatures[i]!];
      if (!one) continue;
      if (this.#ctx.budget.isDue) await this.#ctx.budget.rest();
      const [left, right] = this.#swapped ? [one, many] : [many, one];
      const out = new StepColumns(this.#ctx.steps.count);
      if (isArithmetic(operator)) joinArithmetic(left, right, ARITHMETIC[operator], out);
      else if (isComparison(operator)) joinComparison(left, right, COMPARISONS[operator], returnBool, out);
      joined.push(out.series(this.#labelsOf(many.labels, one.labels), returnBool));
    }
    return joined;
  }

  /** As the reference goes: at each step the samples that are there decide who matches whom. */
  async stepByStep(): Promise<StepSeries[]> {
    const outputs = new Map<string, { columns: StepColumns; series: StepSeries }[]>();
    const ordered: StepSeries[] = [];
    const { steps, budget, annotations } = this.#ctx;
    for (let step = 0; step < steps.count; step++) {
      if (budget.isDue) await budget.rest();
      const emit = (labels: Labels, value: Element) => {
        // Samples of the same labels at one step stay apart: whoever collects them decides.
        const same = outputs.get(labels.key) ?? [];
        let output = same.find(({ columns }) => columns.kinds[step] === ABSENT);
        if (!output) {
          const columns = new StepColumns(steps.count);
          output = { columns, series: columns.series(labels, this.#plan.returnBool) };
          outputs.set(labels.key, [...same, output]);
          ordered.push(output.series);
        }
        if (typeof value === 'number') output.columns.setFloat(step, value);
        else output.columns.setHistogram(step, value);
      };
      const remark = this.#joinStep(step, emit);
      if (remark) annotations.add(remark);
    }
    const columnsOf = [...outputs.values()].flat();
    const finished = new Map(
      columnsOf.map(({ columns, series }) => [series, columns.series(series.labels, series.dropName)]),
    );
    return ordered.map((series) => finished.get(series)!);
  }

  #joinStep(step: number, emit: (labels: Labels, value: Element) => void) {
    const oneOf = this.#onesAt(step);
    const many = this.#many.filter((series) => series.kinds[step] !== ABSENT);
    const { fillLeft, fillRight, on, labels: names } = this.#matching;
    const hasFill = fillLeft !== undefined || fillRight !== undefined;
    const ones = oneOf.filter((series) => series !== undefined);
    if ((many.length === 0 && ones.length === 0) || ((many.length === 0 || ones.length === 0) && !hasFill))
      return undefined;
    // With group_right the sides change places, but as in the reference their fill values do not.
    const [fillMany, fillOne] = [fillLeft, fillRight];
    const matched = new Map<number, Set<string>>();
    let remark: ReturnType<typeof operate>['remark'];
    const match = (
      sig: number,
      manyLabels: Labels,
      manyValue: Element,
      oneLabels: Labels,
      oneValue: Element,
    ) => {
      const [left, right] = this.#swapped ? [oneValue, manyValue] : [manyValue, oneValue];
      const result = operate(this.#plan, left, right);
      remark = result.remark ?? remark;
      if (result.failed) return;
      const labels = this.#labelsOf(manyLabels, oneLabels);
      const inserted = matched.get(sig) ?? new Set();
      if (this.#oneToOne && inserted.size > 0)
        throw executionError(
          'multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)',
        );
      if (inserted.has(labels.key))
        throw executionError('multiple matches for labels: grouping labels must ensure unique matches');
      matched.set(sig, inserted.add(labels.key));
      if (this.#plan.returnBool) emit(labels, result.keep ? 1 : 0);
      else if (result.keep) emit(labels, result.value);
    };
    const matchLabels = (labels: Labels) =>
      on ? labels.only(...names) : labels.without(METRIC_NAME, ...names);
    for (let i = 0; i < this.#many.length; i++) {
      const series = this.#many[i]!;
      const value = elementAt(series, step);
      if (value === undefined) continue;
      const sig = this.#manySignatures[i]!;
      const one = oneOf[sig];
      if (one) match(sig, series.labels, value, one.labels, elementAt(one, step)!);
      else if (fillOne !== undefined) match(sig, series.labels, value, matchLabels(series.labels), fillOne);
    }
    if (fillMany === undefined) return remark;
    for (let i = 0; i < this.#one.length; i++) {
      const series = this.#one[i]!;
      const value = elementAt(series, step);
      const sig = this.#oneSignatures[i]!;
      if (value === undefined || (matched.get(sig)?.size ?? 0) > 0) continue;
      match(sig, matchLabels(series.labels), fillMany, series.labels, value);
    }
    return remark;
  }

  /** The "one" side at a step, by signature. */
  #onesAt(step: number): (StepSeries | undefined)[] {
    const oneOf = new Array<StepSeries | undefined>(this.#signatureCount).fill(undefined);
    if (!this.#someAt(step)) return oneOf;
    for (let i = 0; i < this.#one.length; i++) {
      const series = this.#one[i]!;
      if (series.kinds[step] === ABSENT) continue;
      const sig = this.#oneSignatures[i]!;
      const other = oneOf[sig];
      if (other) throw this.#duplicate(series.labels, other.labels);
      oneOf[sig] = series;
    }
    return oneOf;
  }

  /** Without a sample on one side nothing is matched, so nothing can be ambiguous. */
  #someAt(step: number): boolean {
    const { fillLeft, fillRight } = this.#matching;
    if (fillLeft !== undefined || fillRight !== undefined) return true;
    return this.#many.some(({ kinds }) => kinds[step] !== ABSENT);
  }

  #duplicate(a: Labels, b: Labels) {
    const { on, labels: names } = this.#matching;
    const group = on ? a.only(...names) : a.without(METRIC_NAME, ...names);
    const pair = [a.toString(), b.toString()].sort(compareUtf8).join(', ');
    const side = this.#swapped ? 'left' : 'right';
    return executionError(
      `found duplicate series for the match group ${group} on the ${side} hand-side of the operation: [${pair}];many-to-many matching not allowed: matching labels must be unique on one side`,
    );
  }

  #oneBySignature(): (StepSeries | undefined)[] {
    const oneOf = new Array<StepSeries | undefined>(this.#signatureCount).fill(undefined);
    for (let i = 0; i < this.#one.length; i++) oneOf[this.#oneSignatures[i]!] = this.#one[i]!;
    return oneOf;
  }

  #labelsOf(many: Labels, one: Labels): Labels {
    const key = `${many.key}\0${one.key}`;
    let labels = this.#resultLabels.get(key);
    if (!labels) {
      labels = this.#makeLabels(many, one);
      this.#resultLabels.set(key, labels);
    }
    return labels;
  }

  #makeLabels(many: Labels, one: Labels): Labels {
    const { on, labels: names, include } = this.#matching;
    const { operator, returnBool } = this.#plan;
    const dropsNow = returnBool && !this.#ctx.delayedNameRemoval;
    let labels = dropsNow || isArithmetic(operator) ? withoutMetadata(many) : many;
    if (this.#oneToOne) labels = on ? labels.only(...names) : labels.without(...names);
    if (include.length === 0) return labels;
    const changes: Record<string, string> = {};
    for (const name of include) changes[name] = one.get(name);
    return labels.with(changes);
  }
}

function joinArithmetic(
  left: StepSeries,
  right: StepSeries,
  apply: (a: number, b: number) => number,
  out: StepColumns,
): void {
  const { kinds } = left;
  for (let step = 0; step < kinds.length; step++)
    if (kinds[step] === FLOAT && right.kinds[step] === FLOAT)
      out.setFloat(step, apply(left.values[step]!, right.values[step]!));
}

function joinComparison(
  left: StepSeries,
  right: StepSeries,
  holds: (a: number, b: number) => boolean,
  returnBool: boolean,
  out: StepColumns,
): void {
  const { kinds } = left;
  for (let step = 0; step < kinds.length; step++) {
    if (kinds[step] !== FLOAT || right.kinds[step] !== FLOAT) continue;
    const value = left.values[step]!;
    const result = holds(value, right.values[step]!);
    if (returnBool) out.setFloat(step, result ? 1 : 0);
    else if (result) out.setFloat(step, value);
  }
}

function hasRepeats(signatures: readonly number[]): boolean {
  return new Set(signatures).size < signatures.length;
}
