// All forms a query, its tree and its values are shown in, for the other folders of the aggregator.
export { formatPlain, formatValue } from './go-number.ts';
export { allBuckets as histogramBuckets } from './native-buckets.ts';
export { printExpr } from './print-expr.ts';
export { exprToJson } from './print-json.ts';
export { prettyExpr } from './print-pretty.ts';
