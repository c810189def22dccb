import { formatDurationMs } from '../../model/duration.ts';
import type { ActiveTarget } from '../scrape/manager.ts';

export interface TargetsPage {
  readonly cluster: string;
  readonly nowMs: number;
  readonly targets: readonly ActiveTarget[];
  readonly dropped: readonly { readonly job: string; readonly count: number }[];
}

/** The page at `/targets`: what is wrong first, then all targets by job. Needs no script. */
export function renderTargetsPage({ cluster, nowMs, targets, dropped }: TargetsPage): string {
  const jobs = Map.groupBy(targets, ({ target }) => target.job);
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
${Array.from(jobs, ([job, members]) => renderJob(job, members, nowMs)).join('\n')}
${renderDropped(dropped)}
</main>
</body>
</html>
`;
}

function renderJob(job: string, members: readonly ActiveTarget[], nowMs: number): string {
  const rank = { down: 0, unknown: 1, up: 2 };
  const sorted = [...members].sort((a, b) => rank[a.status.health] - rank[b.status.health]);
  const up = members.filter(({ status }) => status.health === 'up').length;
  return `<section>
<h2>${escapeHtml(job)} <small>${up} of ${members.length} up</small></h2>
<div class="scroll" tabindex="0" role="region" aria-label="Targets of job ${escapeHtml(job)}">
<table>
<thead><tr><th scope="col">State</th><th scope="col">Endpoint</th><th scope="col">Labels</th><th scope="col">Last scrape</th><th scope="col">Samples</th><th scope="col">Error</th></tr></thead>
<tbody>
${sorted.map((member) => renderTarget(member, nowMs)).join('\n')}
</tbody>
</table>
</div>
</section>`;
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
      ? `every ${formatDurationMs(target.intervalMs)}`
      : `${formatDurationMs(Math.max(0, nowMs - status.lastScrapeMs))} ago, took ${formatDurationMs(status.lastDurationMs)}`;
  const samples = status.lastScrapeMs === undefined ? '' : String(status.counts.kept);
  return `<tr class="${status.health}"><td class="state">${STATES[status.health]}</td><td>${endpoint}</td><td>${labels.join(' ')}</td><td>${last}</td><td class="number">${samples}</td><td class="error">${escapeHtml(status.lastError)}</td></tr>`;
}

function renderDropped(dropped: TargetsPage['dropped']): string {
  const some = dropped.filter(({ count }) => count > 0);
  if (some.length === 0) return '';
  const items = some.map(({ job, count }) => `<li>${escapeHtml(job)}: ${count}</li>`).join('');
  return `<section><h2>Dropped by relabeling</h2><ul>${items}</ul></section>`;
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
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; vertical-align: top; padding: .35rem .7rem .35rem 0; border-top: 1px solid var(--line) }
th { color: var(--soft); font-weight: 600; border-top: 0 }
code { font: 13px/1.4 ui-monospace, monospace }
.state { white-space: nowrap } .number { text-align: right; font-variant-numeric: tabular-nums }
.up .state { color: var(--good) } .down .state, .error { color: var(--bad) } .down td { background: var(--bad-page) }
.error { overflow-wrap: anywhere; min-width: 16rem }
`;
