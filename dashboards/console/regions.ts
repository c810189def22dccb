import { clusterHref, regionHref, regionName } from './findings.ts';
import type { ClusterHealth, ClusterView, FleetView, RegionView } from './fleet-view.ts';
import { Glyph, healthLevel, State } from './glyphs.ts';
import { html } from './html.ts';
import { commonPrefix, LargeTile, SmallTile, shareOf, stateWords, UsageBar } from './tile.ts';
import { age, plural, wholePercent } from './words.ts';

/** Up to here tiles show witnesses and capacity; above, glyph, name and CPU. */
const LARGE_TILES_MAX = 12;
/** Characters that a small tile takes beside its glyph. */
const SHORT_NAME_MAX = 4;

export type Layout = 'tiles' | 'table';

export interface RegionsProps {
  /** What the query leaves of the fleet. */
  readonly view: FleetView;
  /** How many clusters there are without it. */
  readonly total: number;
  readonly nowMs: number;
  readonly layout: Layout;
  readonly query: string;
}

export function Regions({ view, total, nowMs, layout, query }: RegionsProps) {
  const body =
    view.clusters.length === 0
      ? html`<${Empty} total=${total} query=${query} />`
      : layout === 'table'
        ? html`<${ClusterTable} clusters=${view.clusters} nowMs=${nowMs} />`
        : html`<${Tiles} view=${view} nowMs=${nowMs} />`;
  return html`<section class="sec" id="regions" aria-labelledby="regions-h">
    <div class="hd">
      <h2 id="regions-h">Regions and clusters</h2>
      <div class="r">
        <span>${counts(view.clusters)}</span>
        <form class="filter" role="search" method="get" action="/">
          <input class="in" type="search" name="q" value=${query} size="26" autocomplete="off" spellcheck=${false}
            aria-label="Filter clusters" placeholder="Filter: region=eu-* state=…" aria-keyshortcuts="/" />
          ${layout === 'table' && html`<input type="hidden" name="view" value="table" />`}
        </form>
        <nav class="seg" aria-label="Layout">
          ${(['tiles', 'table'] as const).map(
            (each) =>
              html`<a href=${layoutHref(each, query)} aria-current=${each === layout ? 'true' : undefined}>${each === 'tiles' ? 'Tiles' : 'Table'}</a>`,
          )}
        </nav>
      </div>
    </div>
    ${body}
  </section>`;
}

function layoutHref(layout: Layout, query: string): string {
  const parameters = new URLSearchParams();
  if (query !== '') parameters.set('q', query);
  if (layout === 'table') parameters.set('view', 'table');
  return parameters.size > 0 ? `/?${parameters}` : '/';
}

const ORDER: readonly ClusterHealth[] = ['down', 'silent', 'nodes down', 'degraded', 'unknown', 'healthy'];

/** `1 down · 1 degraded · 4 healthy`. */
function counts(clusters: readonly ClusterView[]): string {
  return ORDER.flatMap((state) => {
    const count = clusters.filter((cluster) => cluster.state === state).length;
    return count === 0 ? [] : `${count} ${state}`;
  }).join(' · ');
}

function Empty({ total, query }: { total: number; query: string }) {
  if (total > 0)
    return html`<div class="empty"><p><b>No cluster matches “${query}”.</b> ${plural(total, 'cluster')} without a filter.</p>
      <p><a class="btn" href="/">Show all</a></p></div>`;
  return html`<div class="empty"><p><b>No clusters yet.</b> They show here, by region, as Karmada lists them or a collector pushes.</p>
    <p class="m">Start one with <code>karmascope collector --config.file=FILE</code>, and give it an identity in this hub’s configuration.</p></div>`;
}

function Tiles({ view, nowMs }: { view: FleetView; nowMs: number }) {
  const isLarge = view.clusters.length <= LARGE_TILES_MAX;
  return html`<div class=${`regions${isLarge ? '' : ' dense'}`}>
    ${view.regions.map((region) => {
      const clusters = view.clusters.filter((cluster) => cluster.region === region.name);
      const members = clusters.filter((cluster) => cluster.role !== 'host').map((cluster) => cluster.name);
      const prefix = isLarge ? '' : commonPrefix(members);
      const isLong = members.some((name) => name.length - prefix.length > SHORT_NAME_MAX);
      return html`<div key=${region.name} class=${`rg r-${healthLevel(region.state)}`}>
        <${RegionHead} region=${region} clusters=${clusters} prefix=${prefix} />
        ${
          isLarge
            ? clusters.map(
                (cluster) => html`<${LargeTile} key=${cluster.name} cluster=${cluster} nowMs=${nowMs} />`,
              )
            : html`<ul class=${isLong ? 'tiles long' : 'tiles'}>${clusters.map((cluster) => html`<${SmallTile} key=${cluster.name} cluster=${cluster} prefix=${prefix} />`)}</ul>`
        }
      </div>`;
    })}
  </div>`;
}

interface RegionHeadProps {
  readonly region: RegionView;
  readonly clusters: readonly ClusterView[];
  readonly prefix: string;
}

function RegionHead({ region, clusters, prefix }: RegionHeadProps) {
  const members = clusters.filter((cluster) => cluster.role === 'member').length;
  const said = members > 0 ? `${region.ready} of ${region.members}${prefix === '' ? ' ready' : ''}` : '';
  const providers = [...new Set(clusters.map((cluster) => cluster.provider))].filter((name) => name !== '');
  const provider = prefix !== '' && providers.length === 1 ? providers[0] : '';
  return html`<div class="rh">
    <${Glyph} name=${healthLevel(region.state)} /><span class="vh">${region.state}: </span>
    <h3><a href=${regionHref(region.name)}>${regionName(region.name)}</a></h3>
    ${prefix !== '' && html`<span class="m s">${prefix}</span>`}
    <span class="r">${[said, provider].filter((part) => part !== '').join(' · ')}</span>
  </div>`;
}

function ClusterTable({ clusters, nowMs }: { clusters: readonly ClusterView[]; nowMs: number }) {
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Clusters, table"><table class="ct">
    <thead><tr>
      <th scope="col">Cluster</th><th scope="col">State</th><th scope="col">Region</th><th scope="col">Provider</th>
      <th scope="col" class="num">Nodes</th><th scope="col" class="num">Data age</th>
      <th scope="col" class="num">CPU</th><th scope="col" class="num">Memory</th><th scope="col" class="num">Pods</th>
      <th scope="col">Evidence</th>
    </tr></thead>
    <tbody>${clusters.map((cluster) => html`<${ClusterRow} key=${cluster.name} cluster=${cluster} nowMs=${nowMs} />`)}</tbody>
  </table></div>`;
}

function ClusterRow({ cluster, nowMs }: { cluster: ClusterView; nowMs: number }) {
  const { name, state, region, provider, nodes, lastReceivedMs, resources, verified, summary } = cluster;
  const level = healthLevel(state);
  const share = (key: 'cpuCores' | 'memoryBytes' | 'pods') =>
    resources &&
    html`<span class="cell">${verified ? '' : 'was '}${wholePercent(shareOf(resources[key]))}<${UsageBar} usage=${resources[key]} verified=${verified} /></span>`;
  return html`<tr class=${level === 'down' ? 'hot' : ''}>
    <th scope="row"><a href=${clusterHref(name)} data-item>${name}</a></th>
    <td><${State} level=${level}>${stateWords(cluster, nowMs)}</${State}></td>
    <td>${region === '' ? '?' : region}</td>
    <td>${provider === '' ? '?' : provider}</td>
    <td class="num">${nodes ? `${verified ? '' : 'was '}${nodes.ready} of ${nodes.total}` : '–'}</td>
    <td class="num">${lastReceivedMs === undefined ? '?' : age(nowMs - lastReceivedMs)}</td>
    <td class="num">${share('cpuCores') ?? '–'}</td>
    <td class="num">${share('memoryBytes') ?? '–'}</td>
    <td class="num">${share('pods') ?? '–'}</td>
    <td class="m">${summary}</td>
  </tr>`;
}
