import { clusterHref } from './findings.ts';
import type { ClusterView, SignalView, Usage } from './fleet-view.ts';
import { Bar, Glyph, healthLevel, State } from './glyphs.ts';
import { html } from './html.ts';
import { age, bytesOf, clockTime, coresOf, countOf, isoTime, plural, wholePercent } from './words.ts';

/** The state's word, and for how long where the cluster is lost. */
export function stateWords({ state, word, sinceMs }: ClusterView, nowMs: number): string {
  const isLost = state === 'down' || state === 'silent';
  return isLost && sinceMs !== undefined ? `${word} ${age(nowMs - sinceMs)}` : word;
}

/** `aws · push · 12 nodes`. */
function facts({ role, provider, syncMode, nodes, verified }: ClusterView): string {
  const facts = [provider, role === 'host' ? 'control plane' : (syncMode ?? '').toLowerCase()];
  if (nodes) facts.push(`${plural(nodes.total, 'node')}${verified ? '' : ', unverified'}`);
  return facts.filter((fact) => fact !== '').join(' · ');
}

/** A cluster with its witnesses and its capacity. */
export function LargeTile({ cluster, nowMs }: { cluster: ClusterView; nowMs: number }) {
  const level = healthLevel(cluster.state);
  return html`<article class=${`tile t-${level}`}>
    <div class="th">
      <h4><a href=${clusterHref(cluster.name)} data-item>${cluster.name}</a></h4>
      <${State} level=${level}>${stateWords(cluster, nowMs)}</${State}>
    </div>
    <p class="s m">${facts(cluster)}</p>
    <p class=${`sum ${level === 'ok' ? '' : level}`}>${cluster.summary}</p>
    <dl class="kv">${cluster.signals.map((signal) => html`<${Signal} signal=${signal} nowMs=${nowMs} />`)}</dl>
    ${cluster.resources && html`<${Resources} cluster=${cluster} />`}
  </article>`;
}

function Signal({ signal, nowMs }: { signal: SignalView; nowMs: number }) {
  const { name, level, text, atMs } = signal;
  const at = atMs === undefined ? '' : level === 'ok' ? `${age(nowMs - atMs)} ago` : clockTime(atMs, nowMs);
  return html`<dt>${name}</dt><dd><${Glyph} name=${level} />${' '}${text}</dd
    ><dd class="v">${atMs !== undefined && html`<time datetime=${isoTime(atMs)}>${at}</time>`}</dd>`;
}

const ROWS = [
  ['CPU', 'cpuCores', coresOf],
  ['Memory', 'memoryBytes', bytesOf],
  ['Pods', 'pods', countOf],
] as const;

function Resources({ cluster }: { cluster: ClusterView }) {
  const { resources, verified } = cluster;
  return html`<dl class="kv">
    ${ROWS.map(
      ([name, key, words]) => html`<dt>${name}</dt
        ><dd><${UsageBar} usage=${resources![key]} verified=${verified} /></dd
        ><dd class="v">${verified ? '' : 'was '}${words(resources![key].allocated, resources![key].allocatable)}</dd>`,
    )}
  </dl>`;
}

/** Karmada's own guide: a cluster this full of requests is worth a colour. */
const FULL_ABOVE = 0.95;
const TIGHT_ABOVE = 0.85;

export function UsageBar({ usage, verified }: { usage: Usage; verified: boolean }) {
  const share = shareOf(usage);
  const level = share > FULL_ABOVE ? 'down' : share > TIGHT_ABOVE ? 'warn' : undefined;
  return html`<${Bar} share=${share} level=${level} hatched=${!verified} />`;
}

export function shareOf({ allocated, allocatable }: Usage): number {
  return allocatable > 0 ? allocated / allocatable : 0;
}

/** Glyph, the rest of the name after what its region's names share, and CPU; the accessible name says it all. */
export function SmallTile({ cluster, prefix }: { cluster: ClusterView; prefix: string }) {
  const level = healthLevel(cluster.state);
  const cpu = cluster.resources && shareOf(cluster.resources.cpuCores);
  const said = cpu === undefined ? '' : `, CPU ${cluster.verified ? '' : 'was '}${wholePercent(cpu)}`;
  return html`<li class=${cluster.role === 'host' ? 'host' : undefined}><a
    class=${`ts t-${level}`}
    href=${clusterHref(cluster.name)}
    data-item
    aria-label=${`${cluster.name}: ${cluster.word.toLowerCase()}${said}`}
    ><span class="nm"><${Glyph} name=${level} />${cluster.name.startsWith(prefix) ? cluster.name.slice(prefix.length) : cluster.name}</span
    >${cluster.resources && html`<${UsageBar} usage=${cluster.resources.cpuCores} verified=${cluster.verified} />`}</a
  ></li>`;
}

/** What the names share, up to a dash, so that something is left of each: `prod-eu-1`, `prod-eu-2` → `prod-eu-`. */
export function commonPrefix(names: readonly string[]): string {
  if (names.length < 2) return '';
  let length = names[0]!.length;
  for (const name of names) {
    let same = 0;
    while (same < length && name[same] === names[0]![same]) same++;
    length = same;
  }
  const shared = names[0]!.slice(0, length);
  const prefix = shared.slice(0, shared.lastIndexOf('-') + 1);
  return names.some((name) => name.length === prefix.length) ? '' : prefix;
}
