/** What a server of the Prometheus API answered to a query; numbers of its JSON as the text they were. */
export interface ServedAnswer {
  readonly status: number;
  readonly data?: { readonly resultType: string; readonly result: unknown };
  readonly errorType?: string;
  readonly error?: string;
  readonly warnings?: readonly string[];
  readonly infos?: readonly string[];
}

export function readAnswer(status: number, text: string): ServedAnswer {
  try {
    // Numbers stay the bytes they were: 1.50 is another answer than 1.5.
    const withSource = (_key: string, value: unknown, context: { readonly source?: string }) =>
      typeof value === 'number' ? `#${context.source}` : value;
    return {
      ...(JSON.parse(text, withSource as (key: string, value: unknown) => unknown) as object),
      status,
    };
  } catch {
    return { status, error: `no JSON: ${text}` };
  }
}

/**
 * The same text for answers that are the same. Left out is only what Prometheus itself leaves open from run to
 * run: the order of a vector (a Go map) unless the query sorts it, the order of annotations and which ten of many
 * are shown.
 */
export function comparable(
  { status, data, errorType, error, ...remarks }: ServedAnswer,
  query: string,
): string {
  return JSON.stringify({
    status,
    errorType,
    error,
    resultType: data?.resultType,
    order: data?.resultType === 'vector' && /^sort(?:_desc)?\(/.test(query) ? values(data.result) : undefined,
    result: data?.resultType === 'vector' ? sortedTexts(data.result) : data?.result,
    warnings: annotations(remarks.warnings),
    infos: annotations(remarks.infos),
  });
}

/** A form in which Prometheus 3.5.3 and 3.14 differ; the goldens are of 3.14, and win. */
interface KnownDifference {
  readonly form: string;
  /** The version that changed it, and its line in Prometheus' changelog. */
  readonly changelog: string;
  /** Where it can show. */
  readonly query: RegExp;
  /** The part of an annotation or an error that only one of the versions has, or has otherwise. */
  readonly differing: RegExp;
  /** What is the same of that part in both; nothing where it is left out. */
  readonly same?: (differing: string) => string;
}

const KNOWN_DIFFERENCES: readonly KnownDifference[] = [
  {
    form: 'a metric name in the warning of histogram_quantile about a bucket label, empty where there is none',
    changelog:
      '3.7.0 [BUGFIX] PromQL: Avoid empty metric names in annotations for `histogram_quantile()`. #16794',
    query: /histogram_quantile\(/,
    differing:
      /(?<=^PromQL warning: bucket label "le" is missing or has a malformed value of ".*") for metric name ".*"/,
  },
  {
    form: 'the details in the info of histogram_quantile about monotonicity',
    changelog:
      '3.10.0 [ENHANCEMENT] PromQL: Add more detail to histogram quantile monotonicity info annotations. #15578',
    query: /histogram_quantile\(/,
    differing:
      /(?<=^PromQL info: input to histogram_quantile needed to be fixed for monotonicity).*(?= \(\d+:\d+\)$)/,
  },
  {
    form: 'the position of a quantile in parentheses, with them or without',
    changelog: '3.7.0 [PERF] PromQL: Move more work to preprocessing step. #16896',
    query: /quantile\w*(?: (?:by|without) \([^)]*\) )?\(\(/,
    differing: /(?<=^PromQL warning: quantile value should be between 0 and 1, got .*) \(\d+:\d+\)$/,
  },
  {
    form: 'a warning about sort in a range query',
    changelog:
      '3.12.0 [FEATURE] PromQL: Emit a warning when `sort`, `sort_by_label` or `sort_by_label_desc` is used within range (matrix) queries, as these functions do not have effect in that context. #18498',
    query: /sort(?:_desc)?\(/,
    differing:
      /^PromQL warning: sort(?:_desc)? is ineffective for range queries since results are always ordered by labels \(\d+:\d+\)$/,
  },
  {
    form: 'the order in which an error names two duplicate series',
    changelog: 'in no line; operators.test of 3.14: "must come out in a stable, sorted order"',
    query: /./,
    differing: /(?<=^found duplicate series for the match group .* hand-side of the operation: )\[.*\](?=;)/,
    same: (pair) =>
      `[${pair
        .slice(1, -1)
        .split(/(?<=\}), (?=\{)/)
        .sort()
        .join(', ')}]`,
  },
];

/** What 3.14 refuses and 3.5.3 still answers. */
const REFUSED_SINCE: readonly {
  readonly form: string;
  readonly changelog: string;
  readonly query: RegExp;
  readonly error: string;
}[] = [
  {
    form: 'a comparison that drops all but one of many matches',
    changelog:
      '3.9.0 [BUGFIX] PromQL: Check more consistently for many-to-one matching in filter binary operators. #17668',
    query: /[=!]=|[<>]/,
    error: 'multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)',
  },
];

/** The forms and changelog lines that make an older peer differ here; none where they do not explain it all. */
export function knownDifferences(theirs: ServedAnswer, ours: ServedAnswer, query: string): string[] {
  const refused = REFUSED_SINCE.find((one) => one.query.test(query) && ours.error === one.error);
  if (refused && theirs.error === undefined) return [`${refused.form}: ${refused.changelog}`];
  const texts = [theirs, ours].flatMap(({ error = '', warnings = [], infos = [] }) => [
    error,
    ...warnings,
    ...infos,
  ]);
  const used = KNOWN_DIFFERENCES.filter(
    (known) => known.query.test(query) && texts.some((text) => known.differing.test(text)),
  );
  const [a, b] = [theirs, ours].map((answer) => comparable(withoutDiffering(answer, used), query));
  return a === b ? used.map(({ form, changelog }) => `${form}: ${changelog}`) : [];
}

function withoutDiffering(answer: ServedAnswer, used: readonly KnownDifference[]): ServedAnswer {
  const settle = (text: string) =>
    used.reduce(
      (rest, { differing, same = () => '' }) => rest.replace(differing, (part) => same(part)),
      text,
    );
  const settleAll = (texts: readonly string[] = []) => [...new Set(texts.map(settle))].filter(Boolean);
  const { error, ...rest } = answer;
  return {
    ...rest,
    ...(error !== undefined && { error: settle(error) }),
    warnings: settleAll(answer.warnings),
    infos: settleAll(answer.infos),
  };
}

/** Both servers show ten annotations of each kind, and say how many more there are. */
function annotations(texts: readonly string[] | undefined): readonly string[] | undefined {
  const more = texts?.find((text) => /^\d+ more (?:warning|info) annotations omitted$/.test(text));
  return more === undefined ? texts?.toSorted() : [more];
}

/** An error about duplicate series names two of them; with several pairs, Prometheus picks by the order of a map. */
export function withoutDuplicatePair(answer: ServedAnswer): ServedAnswer {
  return answer.error === undefined
    ? answer
    : { ...answer, error: answer.error.replace(/(?<=^found duplicate series .*: )\[.*\](?=;)/, '[pair]') };
}

function values(result: unknown): unknown[] {
  return (result as { value?: unknown[]; histogram?: unknown[] }[]).map(
    ({ value, histogram }) => value?.[1] ?? histogram?.[1],
  );
}

function sortedTexts(result: unknown): string[] {
  return (result as unknown[]).map((sample) => JSON.stringify(sample)).sort();
}
