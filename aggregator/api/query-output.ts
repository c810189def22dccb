import type { QueryData } from './query-answer.ts';

/** One value at one time of one series. */
interface Row {
  readonly labels: Readonly<Record<string, string>>;
  readonly seconds: number;
  readonly value: string;
}

/** For people: a column for each label that tells the rows apart; those that all share are said once. */
export function tableOf(data: QueryData): string {
  if (data.resultType === 'scalar' || data.resultType === 'string') return `${data.result[1]}\n`;
  if (data.result.length === 0) return 'No series match.\n';
  const rows = rowsOf(data);
  const names = labelNames(rows);
  const shared = rows.length > 1 ? names.filter((name) => isShared(rows, name)) : [];
  const columns = names.filter((name) => !shared.includes(name));
  const isRange = data.resultType === 'matrix';
  const header = [...columns.map(titleOf), ...(isRange ? ['TIME'] : []), 'VALUE'];
  const cells = rows.map((row) => [
    ...columns.map((name) => row.labels[name] ?? ''),
    ...(isRange ? [timeOf(row.seconds)] : []),
    row.value,
  ]);
  const first = shared.map((name) => `${name}="${rows[0]!.labels[name]}"`).join(' ');
  return `${first === '' ? '' : `${first}\n\n`}${aligned([header, ...cells])}`;
}

/** For machines: RFC 4180, all labels, time as RFC 3339. */
export function csvOf(data: QueryData): string {
  const rows = rowsOf(data);
  const names = labelNames(rows);
  const lines = [[...names, 'time', 'value']];
  for (const { labels, seconds, value } of rows) {
    lines.push([...names.map((name) => labels[name] ?? ''), timeOf(seconds), value]);
  }
  return lines.map((line) => `${line.map(csvField).join(',')}\r\n`).join('');
}

function rowsOf(data: QueryData): Row[] {
  switch (data.resultType) {
    case 'scalar':
    case 'string':
      return [{ labels: {}, seconds: data.result[0], value: data.result[1] }];
    case 'vector':
      return data.result.map(({ metric, value, histogram }) => ({
        labels: metric,
        seconds: (value ?? histogram)?.[0] ?? 0,
        value: value?.[1] ?? summary(histogram?.[1]),
      }));
    case 'matrix':
      return data.result.flatMap(({ metric, values = [], histograms = [] }) => [
        ...values.map(([seconds, value]) => ({ labels: metric, seconds, value })),
        ...histograms.map(([seconds, value]) => ({ labels: metric, seconds, value: summary(value) })),
      ]);
    default:
      throw new Error(`BUG: no rows for ${data satisfies never}`);
  }
}

function summary(histogram: { readonly count: string; readonly sum: string } | undefined): string {
  return histogram ? `count=${histogram.count} sum=${histogram.sum}` : '';
}

/** The metric's name first, then the alphabet. */
function labelNames(rows: readonly Row[]): string[] {
  const names = new Set(rows.flatMap(({ labels }) => Object.keys(labels)));
  const sorted = [...names].filter((name) => name !== '__name__').sort();
  return names.has('__name__') ? ['__name__', ...sorted] : sorted;
}

function isShared(rows: readonly Row[], name: string): boolean {
  return rows.every(({ labels }) => labels[name] === rows[0]!.labels[name]);
}

function titleOf(name: string): string {
  return name === '__name__' ? 'METRIC' : name.toUpperCase();
}

function timeOf(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
}

/** The last column holds the values and stands at the right. */
function aligned(lines: readonly (readonly string[])[]): string {
  const widths = lines[0]!.map((_, column) => Math.max(...lines.map((line) => [...line[column]!].length)));
  const last = widths.length - 1;
  return lines
    .map((line) => {
      const cells = line.map((cell, column) => {
        const padding = ' '.repeat(widths[column]! - [...cell].length);
        return column === last ? padding + cell : cell + padding;
      });
      return `${cells.join('  ')}\n`;
    })
    .join('');
}

function csvField(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
