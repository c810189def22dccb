import { parseDurationMs } from '../../model/duration.ts';
import type { Labels } from '../../model/labels.ts';
import type { LoadedSample } from './script-storage.ts';
import { endOfMetric, type Point, parseLabels, parseNumber, parseSeries } from './series-notation.ts';

/** A command of a `.test` script, the language of Prometheus' own PromQL tests. Lines count from 1. */
export type Command =
  | { readonly kind: 'clear' }
  | { readonly kind: 'load'; readonly withNhcb: boolean; readonly series: readonly LoadedSeries[] }
  | EvalCommand;

export interface LoadedSeries {
  readonly labels: Labels;
  readonly samples: readonly LoadedSample[];
}

export interface EvalCommand {
  readonly kind: 'eval';
  readonly line: number;
  readonly query: string;
  /** Equal for an instant query; `stepMs` is 0 then. */
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs: number;
  readonly ordered: boolean;
  readonly expectations: readonly Expectation[];
  readonly expected: Expected;
}

export interface Expectation {
  readonly kind: 'fail' | 'warn' | 'info' | 'no_warn' | 'no_info';
  /** Any text where absent. */
  readonly message?: string;
  readonly pattern?: RegExp;
}

export type Expected =
  | { readonly kind: 'scalar'; readonly value: number }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'series'; readonly series: readonly { labels: Labels; points: readonly Point[] }[] }
  /** An instant query that answers a range vector, whose points stand at these times. */
  | {
      readonly kind: 'range vector';
      readonly series: readonly { labels: Labels; points: readonly Point[] }[];
      readonly startMs: number;
      readonly stepMs: number;
    };

const LOAD = /^load(?:_(with_nhcb))?\s+(.+?)$/;
const EVAL_INSTANT = /^eval(?:_(fail|warn|ordered|info))?\s+instant\s+(?:at\s+(.+?))?\s+(.+)$/;
const EVAL_RANGE = /^eval(?:_(fail|warn|info))?\s+range\s+from\s+(.+)\s+to\s+(.+)\s+step\s+(.+?)\s+(.+)$/;
const EXPECT = /^expect\s+(ordered|fail|warn|no_warn|info|no_info)(?:\s+(regex|msg):(.+))?$/;
const EXPECT_RANGE = /^expect range vector\s+from\s+(.+)\s+to\s+(.+)\s+step\s+(.+)$/;

/** Throws a SyntaxError that names the line. */
export function parseScript(text: string): Command[] {
  const lines = text.split('\n').map((line) => {
    const trimmed = line.trim();
    return trimmed.startsWith('#') ? '' : trimmed;
  });
  const commands: Command[] = [];
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at]!;
    if (line === '') continue;
    // A block ends at an empty line, which a comment is too.
    let end = at + 1;
    while (end < lines.length && lines[end] !== '') end++;
    const body = lines.slice(at + 1, end);
    try {
      if (/^clear/i.test(line)) {
        commands.push({ kind: 'clear' });
        continue;
      }
      if (/^load/i.test(line)) {
        commands.push(parseLoad(line, body));
        at = end - 1;
      } else if (/^eval/i.test(line)) {
        const { command, used } = parseEval(line, body, at + 1);
        commands.push(command);
        at += used;
      } else throw new SyntaxError(`invalid command "${line}"`);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new SyntaxError(`line ${at + 1}: ${reason}`, { cause: error });
    }
  }
  return commands;
}

function parseLoad(line: string, body: readonly string[]): Command {
  const match = LOAD.exec(line);
  if (!match) throw new SyntaxError('invalid load command. (load[_with_nhcb] <step:duration>)');
  const stepMs = parseDurationMs(match[2]!);
  const series = new Map<string, LoadedSeries>();
  let starts: { labels: Labels; offsetsMs: readonly (number | undefined)[] } | undefined;
  for (const text of body) {
    const metricEnd = endOfMetric(text.replace(/@st(?=\s)/, '   '));
    if (text.slice(0, metricEnd + 3).endsWith('@st') || /^\S*@st\s/.test(text)) {
      starts = parseStarts(text);
      continue;
    }
    const { labels, points } = parseSeries(text);
    if (starts && (!starts.labels.equals(labels) || starts.offsetsMs.length !== points.length))
      throw new SyntaxError('the @st line does not go with the line below it');
    const samples: LoadedSample[] = [];
    for (const [i, point] of points.entries()) {
      if (point === undefined) continue;
      const timeMs = i * stepMs;
      const startOffsetMs = starts?.offsetsMs[i];
      const startMs = startOffsetMs === undefined ? 0 : timeMs + startOffsetMs;
      samples.push({ timeMs, startMs, value: typeof point === 'object' ? point.histogram : point });
    }
    // The same series again takes the place of the first.
    series.set(labels.key, { labels, samples });
    starts = undefined;
  }
  return { kind: 'load', withNhcb: match[1] !== undefined, series: [...series.values()] };
}

/** `metric{…}@st -1m 30s+10sx3 _x2`: start timestamps, relative to the samples of the next line. */
function parseStarts(text: string): { labels: Labels; offsetsMs: (number | undefined)[] } {
  const at = text.indexOf('@st');
  const offsetsMs = text
    .slice(at + 3)
    .trim()
    .split(/\s+/)
    .flatMap((item): (number | undefined)[] => {
      const omitted = /^_(?:x(\d+))?$/.exec(item);
      if (omitted) return new Array<undefined>(Number(omitted[1] ?? 1)).fill(undefined);
      const match = /^([+-]?)(\d+[a-wyz]*)(?:([+-])(\d+[a-wyz]*))?(?:x(\d+))?$/.exec(item);
      if (!match) throw new SyntaxError(`invalid ST item "${item}"`);
      const [, sign, base, stepSign, step, count] = match;
      const baseMs = parseDurationMs(base!) * (sign === '-' ? -1 : 1);
      const stepMs = step === undefined ? 0 : parseDurationMs(step) * (stepSign === '-' ? -1 : 1);
      return Array.from({ length: Number(count ?? 0) + 1 }, (_, i) => baseMs + i * stepMs);
    });
  return { labels: parseLabels(text.slice(0, at)), offsetsMs };
}

function parseEval(
  line: string,
  body: readonly string[],
  lineNumber: number,
): { command: EvalCommand; used: number } {
  const instant = EVAL_INSTANT.exec(line);
  const range = instant ? null : EVAL_RANGE.exec(line);
  if (!instant && !range) throw new SyntaxError('invalid evaluation command');
  const mode = (instant ?? range)![1];
  const startMs = parseDurationMs(instant ? instant[2]! : range![2]!);
  const endMs = instant ? startMs : parseDurationMs(range![3]!);
  const stepMs = instant ? 0 : parseDurationMs(range![4]!);
  const query = instant ? instant[3]! : range![5]!;
  const expectations: Expectation[] = [];
  if (mode === 'fail' || mode === 'warn' || mode === 'info') expectations.push({ kind: mode });
  let ordered = mode === 'ordered';
  let expected: Expected | undefined;
  let points: { startMs: number; stepMs: number } | undefined;
  const series: { labels: Labels; points: readonly Point[] }[] = [];
  let used = 0;
  for (const text of body) {
    used++;
    const failMessage = /^expected_fail_(message|regexp)\s+(.*)$/.exec(text);
    if (failMessage) {
      expectations.push(
        failMessage[1] === 'message'
          ? { kind: 'fail', message: failMessage[2]! }
          : { kind: 'fail', pattern: new RegExp(failMessage[2]!) },
      );
      break;
    }
    const rangeVector = EXPECT_RANGE.exec(text);
    if (rangeVector) {
      points = { startMs: parseDurationMs(rangeVector[1]!), stepMs: parseDurationMs(rangeVector[3]!) };
      continue;
    }
    if (text.startsWith('expect string ')) {
      expected = { kind: 'string', value: unquoteGo(text.slice('expect string '.length)) };
      continue;
    }
    if (text.startsWith('expect ')) {
      const match = EXPECT.exec(text);
      if (!match) throw new SyntaxError(`invalid expect statement "${text}"`);
      if (match[1] === 'ordered') ordered = true;
      else expectations.push(expectation(match));
      continue;
    }
    if (/^[+-]?(?:[\d.]|inf$|nan$)/i.test(text)) {
      expected = { kind: 'scalar', value: parseNumber(text) };
      break;
    }
    series.push(parseSeries(text));
  }
  expected ??= points ? { kind: 'range vector', series, ...points } : { kind: 'series', series };
  const times = { startMs, endMs, stepMs };
  const command: EvalCommand = {
    kind: 'eval',
    line: lineNumber,
    query,
    ...times,
    ordered,
    expectations,
    expected,
  };
  return { command, used };
}

function expectation(match: RegExpExecArray): Expectation {
  const kind = match[1] as Expectation['kind'];
  const text = match[3]?.trim();
  if (text === undefined) return { kind };
  return match[2] === 'msg' ? { kind, message: text } : { kind, pattern: new RegExp(text) };
}

function unquoteGo(text: string): string {
  if (text.startsWith('`')) return text.slice(1, -1);
  const inner = text.slice(1, -1).replace(/\\'/g, "'");
  return JSON.parse(`"${text.startsWith("'") ? inner.replace(/"/g, '\\"') : inner}"`) as string;
}
