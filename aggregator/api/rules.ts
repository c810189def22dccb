import { createHash } from 'node:crypto';
import { quote } from '../../model/labels.ts';
import type { Matcher } from '../../model/matcher.ts';
import type { AlertView, RuleGroupView, RuleSource, RuleView } from '../rules/view.ts';
import { invalidParameter, withParameter } from './api-error.ts';
import type { ApiRequest } from './endpoint.ts';
import { type ApiAnswer, toJson } from './envelope.ts';
import { type Parameters, parseBoolean, plainMatcherSets } from './parameters.ts';
import { formatTime } from './time-parameters.ts';

/** `/api/v1/rules`: groups, their rules and how the last evaluation went. */
export function rules(source: RuleSource, { parameters }: ApiRequest): ApiAnswer {
  const filter = ruleFilter(parameters);
  const excludeAlerts = parseBoolean('exclude_alerts', parameters.fromUrl('exclude_alerts'));
  const page = pageOf(parameters);

  let tokenFound = page.token === '';
  let next: string | undefined;
  const groups: object[] = [];
  for (const group of source.groups()) {
    tokenFound ||= page.token === nextToken(group);
    if (!tokenFound) continue;
    const shown = filter(group);
    if (shown.length === 0) continue;
    if (groups.length === page.limit) {
      next = nextToken(group);
      break;
    }
    groups.push(groupJson(group, shown, excludeAlerts));
  }
  if (!tokenFound) {
    throw invalidParameter(
      'group_next_token',
      `invalid group_next_token '${page.token}'. were rule groups changed?`,
    );
  }
  return { data: [toJson({ groups, ...(next !== undefined && { groupNextToken: next }) })] };
}

/** `/api/v1/alerts`: all that are pending or firing. */
export function alerts(source: RuleSource): ApiAnswer {
  const active = source
    .groups()
    .flatMap((group) => group.rules)
    .flatMap((rule) => (rule.type === 'alerting' ? rule.alerts : []));
  return { data: [toJson({ alerts: active.map(alertJson) })] };
}

function ruleFilter(parameters: Parameters): (group: RuleGroupView) => RuleView[] {
  const names = new Set(parameters.getAll('rule_name[]'));
  const groups = new Set(parameters.getAll('rule_group[]'));
  const files = new Set(parameters.getAll('file[]'));
  const sets = plainMatcherSets(parameters);
  const type = parameters.fromUrl('type').toLowerCase();
  if (type !== '' && type !== 'alert' && type !== 'record') {
    throw invalidParameter('type', `not supported value ${quote(type)}`);
  }
  const wanted = { '': undefined, alert: 'alerting', record: 'recording' }[type];
  return ({ name, file, rules }) => {
    if ((groups.size > 0 && !groups.has(name)) || (files.size > 0 && !files.has(file))) return [];
    return rules.filter(
      (rule) =>
        (wanted === undefined || rule.type === wanted) &&
        (names.size === 0 || names.has(rule.name)) &&
        (sets.length === 0 || sets.some((set) => matches(set, rule.labels))),
    );
  };
}

function matches(set: readonly Matcher[], labels: Readonly<Record<string, string>>): boolean {
  return set.every((matcher) => matcher.matches(labels[matcher.name] ?? ''));
}

function pageOf(parameters: Parameters): { readonly limit: number; readonly token: string } {
  const limitText = parameters.fromUrl('group_limit');
  const token = parameters.fromUrl('group_next_token');
  if (limitText === '') {
    if (token === '') return { limit: Number.POSITIVE_INFINITY, token };
    throw invalidParameter(
      'group_next_token',
      'group_limit needs to be present in order to paginate over the groups',
    );
  }
  const limit = withParameter('group_limit', () => {
    const value = /^[+-]?\d+$/.test(limitText) ? Number(limitText) : Number.NaN;
    if (Math.abs(value) < 2 ** 31) return value;
    const why = Number.isNaN(value) ? 'invalid syntax' : 'value out of range';
    const problem = `strconv.ParseInt: parsing ${quote(limitText)}: ${why}`;
    throw new SyntaxError(`group_limit needs to be a valid number: ${problem}`);
  });
  if (limit <= 0) throw invalidParameter('group_limit', 'group_limit needs to be greater than 0');
  return { limit, token };
}

function nextToken({ file, name }: RuleGroupView): string {
  return createHash('sha256').update(`${file};${name}`).digest('hex');
}

function groupJson(group: RuleGroupView, rules: readonly RuleView[], excludeAlerts: boolean): object {
  return {
    name: group.name,
    file: group.file,
    rules: rules.map((rule) => ruleJson(rule, excludeAlerts)),
    interval: group.intervalMs / 1000,
    limit: group.limit,
    evaluationTime: group.evaluationTimeMs / 1000,
    lastEvaluation: formatTime(group.lastEvaluationMs),
  };
}

function ruleJson(rule: RuleView, excludeAlerts: boolean): object {
  const alerting = rule.type === 'alerting';
  return {
    ...(alerting && { state: rule.state }),
    name: rule.name,
    query: rule.query,
    ...(alerting && { duration: rule.durationMs / 1000, keepFiringFor: rule.keepFiringForMs / 1000 }),
    labels: rule.labels,
    ...(alerting && {
      annotations: rule.annotations,
      alerts: excludeAlerts ? null : rule.alerts.map(alertJson),
    }),
    health: rule.health,
    ...(rule.lastError !== '' && { lastError: rule.lastError }),
    evaluationTime: rule.evaluationTimeMs / 1000,
    lastEvaluation: formatTime(rule.lastEvaluationMs),
    type: rule.type,
  };
}

function alertJson({ labels, annotations, state, activeAtMs, value }: AlertView): object {
  return {
    labels: labels.toObject(),
    annotations,
    state,
    activeAt: formatTime(activeAtMs),
    value: formatExponent(value),
  };
}

/** Go's `strconv.FormatFloat(value, 'e', -1, 64)`: always an exponent of at least two digits. */
function formatExponent(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
  const text = (Object.is(value, -0) ? '-' : '') + value.toExponential();
  return text.replace(/e([+-])(\d)$/, 'e$10$2');
}
