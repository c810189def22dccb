import type { AlertView, EventView, FleetView, ObjectiveView } from './fleet-view.ts';
import { Bar, Glyph, State } from './glyphs.ts';
import { html } from './html.ts';
import { hourlyBurn, lastsMs, objectiveLevel, objectiveScope, urgentObjectives } from './objectives.ts';
import { isChange, objectName } from './questions.ts';
import { type RegionLoss, regionLosses } from './room.ts';
import { age, alertTitle, burn, clockTime, isoTime, percent, significant, wholePercent } from './words.ts';

const OBJECTIVES_MAX = 10;
const ALERTS_MAX = 20;
const EVENTS_MAX = 12;
const DAY_MS = 86_400_000;

export function Budgets({ view }: { view: FleetView }) {
  const urgent = urgentObjectives(view.objectives);
  const shown = urgent.slice(0, OBJECTIVES_MAX);
  const more = urgent.length - shown.length;
  return html`<section class="sec" id="budgets" aria-labelledby="budgets-h">
    <div class="hd"><h2 id="budgets-h">Error budgets, most urgent first</h2>
      <div class="r">${more > 0 && html`<span>${more} more</span>`}</div></div>
    ${
      shown.length === 0
        ? html`<div class="empty"><p><b>No objectives yet.</b> Budgets show here once one is defined and measured.</p>
            <p class="m">Name OpenSLO files in the hub’s configuration under <code>slo_files</code>.</p></div>`
        : html`<table><thead><tr><th scope="col">Objective</th><th scope="col" class="bw"><span class="vh">Bar</span></th>
            <th scope="col" class="num">Budget left</th><th scope="col" class="num">Burn 1 h</th><th scope="col" class="num">Lasts</th></tr></thead>
            <tbody>${shown.map((objective) => html`<${Budget} objective=${objective} />`)}</tbody></table>`
    }
  </section>`;
}

function Budget({ objective }: { objective: ObjectiveView }) {
  const level = objectiveLevel(objective);
  const left = objective.budgetRemaining;
  const scope = objectiveScope(objective);
  const rate = hourlyBurn(objective);
  const lasts = lastsMs(objective);
  const emphasis = level === 'down' || level === 'warn' ? level : '';
  const name = html`<th scope="row">${objective.displayName} ${percent(objective.target)}${scope !== '' && html` <span class="m">in ${scope}</span>`}
    ${emphasis !== '' && html`<${State} level=${level}>${objective.state === 'page' ? 'pages' : level === 'down' ? 'spent' : 'burns'}</${State}>`}</th>`;
  if (left === undefined)
    return html`<tr>${name}<td class="bw"></td><td colspan="3" class="num blind">no data yet</td></tr>`;
  return html`<tr class=${level === 'down' ? 'hot' : ''}>${name}
    <td class="bw"><${Bar} share=${left} level=${emphasis || undefined} /></td>
    <td class="num">${percent(left)}</td>
    <td class=${`num ${emphasis === '' ? 'm' : `${emphasis} bd`}`}>${rate === undefined ? '?' : burn(rate)}</td>
    <td class=${`num ${lasts === undefined ? 'm' : ''}`}>${lasts === undefined ? `${Math.round(objective.windowMs / DAY_MS)}\u202fd +` : age(lasts)}</td></tr>`;
}

export function Alerts({ alerts, nowMs }: { alerts: readonly AlertView[]; nowMs: number }) {
  const firing = alerts.filter((alert) => alert.state === 'firing').length;
  const more = alerts.length - ALERTS_MAX;
  return html`<section class="sec" id="alerts" aria-labelledby="alerts-h">
    <div class="hd"><h2 id="alerts-h">Alerts</h2><div class="r"><span>${firing} firing · ${alerts.length - firing} pending</span></div></div>
    ${
      alerts.length === 0
        ? html`<div class="empty"><p class="m">Nothing fires and nothing is pending.</p></div>`
        : html`<ul aria-live="polite" aria-relevant="additions">${alerts.slice(0, ALERTS_MAX).map((alert) => html`<${Alert} key=${alert.name + JSON.stringify(alert.labels)} alert=${alert} nowMs=${nowMs} />`)}</ul>`
    }
    ${more > 0 && html`<p class="m s">${more} more</p>`}
  </section>`;
}

function Alert({ alert, nowMs }: { alert: AlertView; nowMs: number }) {
  const { name, state, severity, labels, summary, sinceMs, runbook } = alert;
  const isFiring = state === 'firing';
  const about = labels['cluster'] ?? labels['region'] ?? labels['federation'] ?? '';
  const details = Object.entries(labels)
    .filter(
      ([label, value]) => !['cluster', 'region', 'provider', 'federation'].includes(label) && value !== '',
    )
    .map(([label, value]) => `${label} ${value}`);
  const glyph = !isFiring ? 'pending' : severity === 'critical' ? 'down' : 'warn';
  return html`<li class=${`al${isFiring ? '' : ' dim'}`}>
    <${Glyph} name=${glyph} />
    <div><b>${alertTitle(name)}</b> ${about}
      <p class="t">${[severity || 'no severity', isFiring ? '' : 'pending', ...details].filter((part) => part !== '').join(' · ')} · since ${' '}
        <time datetime=${isoTime(sinceMs)}>${clockTime(sinceMs, nowMs)}</time> (${age(nowMs - sinceMs)})</p>
      ${isFiring && summary && html`<p class="t">${summary}</p>`}</div>
    ${runbook ? html`<a class="lk s" href=${runbook}>Runbook<span class="vh"> for ${alertTitle(name)} ${about}</span></a>` : html`<span></span>`}
  </li>`;
}

export interface EventGroup {
  /** The newest of them. */
  readonly event: EventView;
  /** How many events say the same, of other objects. */
  readonly others: number;
  readonly clusters: ReadonlySet<string>;
}

/** A storm of one reason is one row, whatever its objects and clusters: the newest of it, and how much more. */
export function groupEvents(events: readonly EventView[]): EventGroup[] {
  const groups = new Map<string, { event: EventView; others: number; clusters: Set<string> }>();
  for (const event of events) {
    const key = `${event.reason}\0${event.type}`;
    const group = groups.get(key);
    if (group) {
      group.others++;
      group.clusters.add(event.cluster);
    } else groups.set(key, { event, others: 0, clusters: new Set([event.cluster]) });
  }
  return [...groups.values()];
}

export function Events({
  events,
  nowMs,
  waiting,
}: {
  events: readonly EventView[];
  nowMs: number;
  waiting: number;
}) {
  const groups = groupEvents(events);
  return html`<section class="sec" id="events" aria-labelledby="events-h">
    <div class="hd"><h2 id="events-h">Events</h2><div class="r">${waiting > 0 ? html`<span>${waiting} new</span>` : html`<span>newest first, UTC</span>`}</div></div>
    ${
      groups.length === 0
        ? html`<div class="empty"><p class="m">No event of Kubernetes or Karmada has come yet.</p></div>`
        : html`<ol class="feed">${groups.slice(0, EVENTS_MAX).map((group) => html`<${Event} group=${group} nowMs=${nowMs} />`)}</ol>`
    }
  </section>`;
}

function Event({ group, nowMs }: { group: EventGroup; nowMs: number }) {
  const { event, others, clusters } = group;
  const where = clusters.size === 1 ? event.cluster : `${clusters.size} clusters`;
  const glyph = event.type === 'Warning' ? 'warn' : isChange(event) ? 'change' : 'none';
  return html`<li><time datetime=${isoTime(event.timeMs)}>${clockTime(event.timeMs, nowMs)}</time><${Glyph} name=${glyph} />
    <span>${event.type === 'Warning' && html`<span class="vh">Warning: </span>`}<b>${event.reason}</b> ${objectName(event)}${others > 0 && ` and ${others} more`} in ${where}
      <span class="msg m">${event.message}</span></span></li>`;
}

export function Room({ view }: { view: FleetView }) {
  const losses = regionLosses(view);
  const lost = view.clusters
    .filter((cluster) => cluster.resources && !cluster.verified)
    .map(({ name }) => name);
  return html`<section class="sec" id="room" aria-labelledby="room-h">
    <div class="hd"><h2 id="room-h">If the next region fails</h2><div class="r"><span>by the scarcest resource${lost.length > 0 && `; ${lost.length === 1 ? `${lost[0]} counts` : `${lost.length} clusters count`} as nothing`}</span></div></div>
    ${
      losses.length === 0
        ? html`<div class="empty"><p class="m">Capacity of two regions or more must be known to say whether one can take the other’s load.</p></div>`
        : html`<div class="scroll"><table><thead><tr><th scope="col">Region</th><th scope="col">Fits?</th><th scope="col" class="num least">Must move</th>
            <th scope="col" class="num least">Free elsewhere</th><th scope="col" class="bw"><span class="vh">Bar</span></th><th scope="col" class="num">Full after</th></tr></thead>
            <tbody>${losses.map((loss) => html`<${Loss} loss=${loss} />`)}</tbody></table></div>`
    }
  </section>`;
}

const FITS = {
  fits: ['ok', 'Fits'],
  tight: ['warn', 'Fits, tight'],
  'no room': ['down', 'No room'],
} as const;

function Loss({ loss }: { loss: RegionLoss }) {
  const [level, word] = FITS[loss.fits];
  return html`<tr><th scope="row">${loss.region === '' ? 'region unknown' : loss.region}</th>
    <td><${State} level=${level}>${word}</${State}></td>
    <td class="num least">${amount(loss.resource, loss.mustMove)}</td><td class="num least">${amount(loss.resource, loss.freeElsewhere)}</td>
    <td class="bw"><${Bar} share=${loss.fullAfter} level=${level === 'ok' ? undefined : level} /></td>
    <td class="num">${wholePercent(loss.fullAfter)}</td></tr>`;
}

function amount(resource: RegionLoss['resource'], value: number): string {
  if (resource === 'CPU') return `${significant(value)}\u202fcores`;
  return resource === 'memory'
    ? `${significant(value / 2 ** 30)}\u202fGiB`
    : `${Math.round(value)}\u202fpods`;
}
