import { absent } from './absent.ts';
import { sortInRangeQuery } from './annotations.ts';
import type { EvalContext } from './context.ts';
import { executionError } from './context.ts';
import { fractionOfHistograms, labelledQuantiles, quantileOfHistograms } from './histogram-quantile.ts';
import { callInstantFunction } from './instant-functions.ts';
import { labelJoin, labelReplace, stringOf } from './label-functions.ts';
import type { CallPlan, Plan } from './plan.ts';
import { sortByLabel, sortByValue } from './sort-functions.ts';
import { timesOfSteps } from './timestamp-functions.ts';
import type { StepSeries } from './value.ts';
import { isInstant } from './value.ts';

/** A function of one instant vector. `scalars` are its scalar arguments in order, at every step. */
export async function vectorCall(
  ctx: EvalContext,
  plan: CallPlan,
  vector: StepSeries[],
  vectorArg: Plan,
  scalars: readonly Float64Array[],
): Promise<StepSeries[]> {
  const { func, args } = plan;
  const { position } = vectorArg;
  switch (func) {
    case 'absent':
      return absent(ctx, vector, args[0]!, false);
    case 'timestamp':
      return timesOfSteps(ctx, vector);
    case 'start_timestamp':
      // Only samples have start timestamps.
      return [];
    case 'label_replace':
      return labelReplace(vector, args.slice(1));
    case 'label_join':
      return labelJoin(vector, args.slice(1));
    case 'sort':
    case 'sort_desc':
      remarkSort(ctx, plan);
      return sortByValue(vector, func === 'sort' ? 'ascending' : 'descending', isInstant(ctx.steps));
    case 'sort_by_label':
    case 'sort_by_label_desc':
      remarkSort(ctx, plan);
      return sortByLabel(
        vector,
        args.slice(1).map(stringOf),
        func === 'sort_by_label' ? 'ascending' : 'descending',
      );
    case 'histogram_quantile':
      return quantileOfHistograms(
        ctx,
        vector,
        { values: scalars[0]!, position: args[0]!.position },
        position,
      );
    case 'histogram_quantiles': {
      const quantiles = scalars.map((values, i) => ({ values, position: args[i + 2]!.position }));
      return labelledQuantiles(ctx, vector, stringOf(args[1]!), quantiles, position);
    }
    case 'histogram_fraction':
      return fractionOfHistograms(ctx, vector, scalars[0]!, scalars[1]!, position);
    default: {
      const result = await callInstantFunction(ctx, func, vector, scalars);
      if (!result) throw executionError(`not supported yet: function ${func}`);
      return result;
    }
  }
}

function remarkSort(ctx: EvalContext, plan: CallPlan): void {
  if (!isInstant(ctx.steps)) ctx.annotations.add(sortInRangeQuery(plan.position));
}
