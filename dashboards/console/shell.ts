import type { FleetView, Level } from './fleet-view.ts';
import { Glyph, type GlyphName, healthLevel, State } from './glyphs.ts';
import { html } from './html.ts';
import { objectiveLevel } from './objectives.ts';
import { age, clockTime, isoTime } from './words.ts';

/** `static`: as the server wrote it. `live`: the stream runs. `stale`: it broke, and nothing shown is fresh. */
export type Connection = 'static' | 'live' | 'stale';

export interface ShellProps {
  readonly view: FleetView;
  readonly nowMs: number;
  readonly connection: Connection;
}

/** Of the worst cluster. */
export function fleetLevel(view: FleetView): Level {
  const levels = new Set(view.clusters.map(({ state }) => healthLevel(state)));
  return (['down', 'blind', 'warn', 'ok'] as const).find((level) => levels.has(level)) ?? 'none';
}

export function TopBar({ view, nowMs, connection }: ShellProps) {
  const level = fleetLevel(view);
  return html`<header class="top">
    <a class="brand" href="/"><svg viewBox="0 0 20 20" aria-hidden="true"><circle cx="10" cy="10" r="8.2" fill="none" stroke="currentColor" stroke-width="1.6" /><circle cx="10" cy="5.2" r="2" fill="currentColor" /><circle cx="5.8" cy="12.6" r="2" fill="currentColor" /><circle cx="14.2" cy="12.6" r="2" fill="currentColor" /></svg>Karmascope <span class="fed">${view.federation}</span></a>
    <nav class="nav" aria-label="Pages">
      <a href="/" aria-current="page">Fleet ${level !== 'ok' && level !== 'none' && html`<span class="n"><${Glyph} name=${level} /></span>`}</a>
      <a href="/runbooks">Runbooks</a>
    </nav>
    <div class="end"><button class="btn quiet js" data-do="keys" aria-keyshortcuts="?">Keys <kbd>?</kbd></button>
      <${Live} view=${view} nowMs=${nowMs} connection=${connection} /></div>
  </header>`;
}

function Live({ view, nowMs, connection }: ShellProps) {
  const shownMs = connection === 'live' ? nowMs : view.timeMs;
  const word =
    connection === 'live'
      ? html`<${State} level="ok">Live</${State}>`
      : connection === 'stale'
        ? html`<${State} level="blind">${age(nowMs - view.timeMs)} old</${State}>`
        : html`<span class="m">as of</span>`;
  return html`${word}<time class="nw" datetime=${isoTime(shownMs)}><b>${clockTime(shownMs)}</b> <span class="m">UTC</span></time>`;
}

/** Small screens: the page's parts within reach of the thumb. */
export function BottomBar({ view }: { view: FleetView }) {
  const firing = view.alerts.filter((alert) => alert.state === 'firing').length;
  const burning = view.objectives.filter((objective) =>
    ['down', 'warn'].includes(objectiveLevel(objective)),
  ).length;
  const item = (href: string, mark: unknown, name: string) => html`<a href=${href}><b>${mark}</b>${name}</a>`;
  return html`<nav class="bot" aria-label="Parts of the page">
    ${item('#main', html`<${Glyph} name=${fleetLevel(view) satisfies GlyphName} />`, 'Fleet')}
    ${item('#budgets', burning, 'SLOs')}${item('#alerts', firing, 'Alerts')}${item('#events', view.events.length, 'Events')}
    <a href="/runbooks"><b>…</b>Runbooks</a>
  </nav>`;
}

const KEYS: readonly (readonly [keys: string, what: string])[] = [
  ['/', 'filter clusters'],
  ['j, k', 'next, previous cluster'],
  ['Enter', 'open it'],
  ['Esc', 'back to the whole fleet'],
  ['g f', 'go to Fleet'],
  ['c', 'copy as Markdown'],
  ['y', 'copy the link'],
  ['d', 'light or dark'],
  ['?', 'this list'],
];

export function KeysDialog() {
  return html`<dialog id="keys" aria-labelledby="keys-h"><h2 id="keys-h">Keys</h2>
    <table><thead class="vh"><tr><th scope="col">Key</th><th scope="col">What it does</th></tr></thead><tbody>${KEYS.map(([keys, what]) => html`<tr><th scope="row"><kbd>${keys}</kbd></th><td>${what}</td></tr>`)}</tbody></table>
    <p><label><input type="checkbox" id="single-keys" /> Use these keys</label></p>
    <form method="dialog"><button class="btn">Close</button></form></dialog>`;
}
