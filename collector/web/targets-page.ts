import type { ActiveTarget } from '../scrape/manager.ts';

/** Something this process depends on: the hub, an API server it watches. */
export interface Connection {
  readonly name: string;
  /** Why it does not work; empty when it does. */
  readonly trouble: string;
  /** Since when it does not. */
  readonly sinceMs: number;
}

export interface TargetsPage {
  readonly cluster: string;
  readonly nowMs: number;
  readonly connections: readonly Connection[];
  readonly targets: readonly ActiveTarget[];
  /** Every job of the config, with what relabeling dropped of it. */
  readonly dropped: readonly { readonly job: string; readonly count: number }[];
}

/** The page at `/targets`: what is wrong first, then all targets by job. Needs no script. */
export function renderTargetsPage({ cluster, nowMs, connections, targets, dropped }: TargetsPage): string {
  const hasDown = (members: readonly ActiveTarget[]) =>
    members.some(({ status }) => status.health === 'down');
  const jobs = [...Map.groupBy(targets, ({ target }) => target.job)].sort(
    ([, a], [, b]) => Number(hasDown(b)) - Number(hasDown(a)),
  );
  const named = new Set(jobs.map(([job]) => job));
  const count = (health: string) => targets.filter(({ status }) => status.health === health).length;
  const summary = `${count('up')} up, ${count('down')} down${
    count('unknown') > 0 ? `, ${count('unknown')} not scraped yet` : ''
  }`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(`${count('down')} down · targets · ${cluster}`)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>Targets of ${escapeHtml(cluster)}</h1>
<p>${summary}. As JSON: <a href="/api/v1/targets">/api/v1/targets</a></p>
<ul>
${connections.map((connection) => renderConnection(connection, nowMs)).join('\n')}
</ul>
${jobs.map(([job, members]) => renderJob(job, members, nowMs)).join('\n')}
${dropped
  .map(({ job }) => job)
  .filter((job) => !named.has(job))
  .map(renderEmptyJob)
  .join('\n')}
${renderDropped(dropped)}
</main>
</body>
</html>
`;
}

function renderConnection({ name, trouble, sinceMs }: Connection, nowMs: number): string {
  if (trouble === '') return `<li><span class="good">● ${escapeHtml(name)}</span></li>`;
  const since = seconds(nowMs - sinceMs);
  return `<li><span class="error">▲ ${escapeHtml(name)}: ${escapeHtml(trouble)} (for ${since})</span></li>`;
}

function renderJob(job: string, members: readonly ActiveTarget[], nowMs: number): string {
  const rank = { down: 0, unknown: 1, up: 2 };
  const sorted = [...members].sort((a, b) => rank[a.status.health] - rank[b.status.health]);
  const up = members.filter(({ status }) => status.health === 'up').length;
  return `<section>
<h2>${escapeHtml(job)} <small>${up} of ${members.length} up</small></h2>
<div class="scroll" tabindex="0" role="region" aria-label="Targets of job ${escapeHtml(job)}">
<table>
<thead><tr><th scope="col" class="state">State</th><th scope="col">Endpoint</th><th scope="col">Labels</th><th scope="col">Last scrape</th><th scope="col" class="number">Samples</th><th scope="col">Error</th></tr></thead>
<tbody>
${sorted.map((member) => renderTarget(member, nowMs)).join('\n')}
</tbody>
</table>
</div>
</section>`;
}

function renderEmptyJob(job: string): string {
  return `<section><h2>${escapeHtml(job)} <small>no targets</small></h2></section>`;
}

const STATES = { up: '● up', down: '▲ down', unknown: '○ not scraped yet' };

function renderTarget({ target, status }: ActiveTarget, nowMs: number): string {
  const endpoint = target.url.startsWith('http')
    ? `<a href="${escapeHtml(target.url)}">${escapeHtml(target.url)}</a>`
    : escapeHtml(target.url);
  const labels = Array.from(
    target.labels,
    ([name, value]) => `<code>${escapeHtml(`${name}="${value}"`)}</code>`,
  );
  const last =
    status.lastScrapeMs === undefined
      ? `every ${seconds(target.intervalMs)}`
      : `${seconds(nowMs - status.lastScrapeMs)} ago, took ${status.lastDurationMs} ms`;
  const samples = status.lastScrapeMs === undefined ? '' : String(status.counts.kept);
  return `<tr class="${status.health}"><td class="state">${STATES[status.health]}</td><td>${endpoint}</td><td>${labels.join(' ')}</td><td>${last}</td><td class="number">${samples}</td><td class="error">${escapeHtml(status.lastError)}</td></tr>`;
}

function renderDropped(dropped: TargetsPage['dropped']): string {
  const some = dropped.filter(({ count }) => count > 0);
  if (some.length === 0) return '';
  const items = some.map(({ job, count }) => `<li>${escapeHtml(job)}: ${count}</li>`).join('');
  return `<section><h2>Dropped by relabeling</h2><ul>${items}</ul></section>`;
}

function seconds(ms: number): string {
  return `${(Math.max(0, ms) / 1000).toFixed(1)} s`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => ENTITIES[char]!);
}

const STYLE = `
:root { --ink: #1c2430; --soft: #5a6676; --line: #d5dbe3; --page: #ffffff; --bad: #a4161a; --bad-page: #fdecec; --good: #1b6e3c; --link: #1d4ed8 }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6eaf0; --soft: #a0abba; --line: #333d4b; --page: #12171f; --bad: #ff9a9a; --bad-page: #3a1a1c; --good: #7bd49b; --link: #9dbcff }
}
body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.45 system-ui, sans-serif }
main { max-width: 90rem; margin: 0 auto; padding: 1rem 1.5rem 3rem }
h1 { font-size: 1.4rem } h2 { font-size: 1.1rem; margin: 1.8rem 0 .4rem } small { color: var(--soft); font-weight: normal }
a { color: var(--link) }
.scroll { overflow-x: auto }
table { border-collapse: collapse; width: 100%; min-width: 60rem; table-layout: fixed }
ul { list-style: none; padding: 0 }
th, td { text-align: left; vertical-align: top; padding: .35rem .7rem .35rem 0; border-top: 1px solid var(--line) }
th { color: var(--soft); font-weight: 600; border-top: 0 }
code { font: 13px/1.4 ui-monospace, monospace }
.state { width: 6rem; white-space: nowrap } .number { width: 5rem; text-align: right; font-variant-numeric: tabular-nums }
.good, .up .state { color: var(--good) } .down .state, .error { color: var(--bad) } .down > td { background: var(--bad-page) }
td, li { overflow-wrap: anywhere }
`;
