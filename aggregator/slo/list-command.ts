import { formatDurationMs } from '../../model/duration.ts';
import type { LevelStatus } from './objective-status.ts';

export interface SloListOptions {
  readonly server: string;
  readonly output: 'table' | 'json';
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
}

/** `karmascope slo list`: how a hub's objectives stand. Exit code: 0, or 1 when the hub cannot be asked. */
export async function sloListCommand({ server, output, stdout, stderr }: SloListOptions): Promise<number> {
  const url = new URL('api/v1/slos', server.endsWith('/') ? server : `${server}/`);
  let statuses: readonly LevelStatus[];
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(10_000) });
    if (!response.ok) throw new Error(`status ${response.status}`);
    statuses = ((await response.json()) as { data: LevelStatus[] }).data;
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message}` : '';
    stderr.write(`Cannot ask ${url}: ${error instanceof Error ? error.message : String(error)}${cause}\n`);
    return 1;
  }
  if (output === 'json') stdout.write(`${JSON.stringify(statuses, undefined, 2)}\n`);
  else stdout.write(table(statuses));
  return 0;
}

function table(statuses: readonly LevelStatus[]): string {
  const rows = [
    ['OBJECTIVE', 'LEVEL', 'WHERE', 'TARGET', 'PERIOD', 'SEEN', 'BUDGET LEFT', 'BURN 1H', 'STATE'],
  ];
  for (const status of statuses) {
    const hour = status.burnRates.find(({ windowMs }) => windowMs === 3_600_000)?.rate;
    rows.push([
      status.name,
      status.level,
      status.labels['cluster'] ?? status.labels['region'] ?? status.labels['federation'] ?? '',
      percent(status.target),
      formatDurationMs(status.windowMs),
      percent(status.coverage),
      status.budgetRemaining === undefined ? '?' : percent(status.budgetRemaining),
      hour === undefined ? '?' : `${Number(hour.toPrecision(3))}x`,
      status.state,
    ]);
  }
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, column) => cell.padEnd(widths[column]!))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}

function percent(share: number): string {
  return `${Number((share * 100).toPrecision(4))}%`;
}
