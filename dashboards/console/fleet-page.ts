import { Demo } from './demo-panel.ts';
import { narrow } from './filter.ts';
import type { FleetView } from './fleet-view.ts';
import { Glyph } from './glyphs.ts';
import { html } from './html.ts';
import { Alerts, Budgets, Events, Room } from './panels.ts';
import { fiveAnswers } from './questions.ts';
import { type Layout, Regions } from './regions.ts';
import { BottomBar, type Connection, KeysDialog, TopBar } from './shell.ts';
import { staleVerdict, type Verdict, verdict, verdictText } from './verdict.ts';

/** All the page's state; server and browser render the same from it. */
export interface FleetPageProps {
  readonly view: FleetView;
  /** The hub's time, moved on by the reader's clock. */
  readonly nowMs: number;
  readonly connection: Connection;
  readonly query: string;
  readonly layout: Layout;
  /** Events that came while the reader is in their list, which stands still meanwhile. */
  readonly waitingEvents: number;
  /** What the reader's last key or button did. */
  readonly notice: string;
  /** What a screen reader is told; changes only when the meaning does. */
  readonly announcement: string;
}

export function FleetPage(props: FleetPageProps) {
  const { view, nowMs, connection, query, layout } = props;
  // Ages go on while the hub is silent: what was 4 s old when it last spoke is no fresher now.
  const seenMs = connection === 'static' ? view.timeMs : nowMs;
  const shown = narrow(view, query);
  return html`<a class="skip" href="#main">Skip to content</a>
    <${TopBar} view=${view} nowMs=${nowMs} connection=${connection} />
    <main id="main" class=${connection === 'stale' ? 'stale' : ''} tabindex="-1">
      <${VerdictBar} view=${view} said=${pageVerdict(props)} notice=${props.notice} />
      <p class="vh" role="status">${props.announcement}</p>
      <${Five} view=${view} nowMs=${seenMs} />
      <div class="pad cols">
        <div>
          <${Regions} view=${shown} total=${view.clusters.length} nowMs=${seenMs} layout=${layout} query=${query} />
          <${Room} view=${view} />
          ${view.demo && html`<${Demo} view=${view} />`}
        </div>
        <div>
          <${Budgets} view=${view} />
          <${Alerts} alerts=${shown.alerts} nowMs=${seenMs} />
          <${Events} events=${shown.events} nowMs=${seenMs} waiting=${props.waitingEvents} />
        </div>
      </div>
    </main>
    <${BottomBar} view=${view} />
    <${KeysDialog} />`;
}

export function pageVerdict({
  view,
  nowMs,
  connection,
}: Pick<FleetPageProps, 'view' | 'nowMs' | 'connection'>): Verdict {
  return connection === 'stale'
    ? staleVerdict(view, nowMs)
    : verdict(view, connection === 'live' ? nowMs : view.timeMs);
}

/** For the window's title: the first sentence without its time. */
export function pageTitle(said: Verdict): string {
  const [sentence] = verdictText({ ...said, lines: said.lines.slice(0, 1) }, { ages: false }).split(
    / since |[.:;] |[.]$/,
    1,
  );
  return `${sentence} · Fleet · Karmascope`;
}

function VerdictBar({ view, said, notice }: { view: FleetView; said: Verdict; notice: string }) {
  const runbook = view.alerts.find((alert) => alert.state === 'firing' && alert.runbook)?.runbook;
  return html`<section class=${`verdict v-${said.level}`} aria-label="Verdict">
    <${Glyph} name=${said.level === 'none' ? 'pending' : said.level} />
    <h1>${said.lines.map(
      (line, i) =>
        html`${i > 0 && html`<br />`}${line.map((phrase) => (phrase.href ? html`<a href=${phrase.href}>${phrase.text}</a>` : phrase.text))}`,
    )}</h1>
    <div class="acts"><span class="s" aria-live="polite">${notice}</span><button class="btn js" data-do="copy" aria-keyshortcuts="c">Copy as Markdown <kbd>c</kbd></button>
      ${runbook && html`<a class="btn" href=${runbook}>Runbook</a>`}</div>
  </section>`;
}

function Five({ view, nowMs }: { view: FleetView; nowMs: number }) {
  return html`<section class="five" aria-label="The five questions">
    ${fiveAnswers(view, nowMs).map(
      ({ question, short, level, answer, detail, href }) => html`<a class="q" href=${href}
        ><span class="k"><span class="wide">${question}</span><span class="ph">${short}</span></span
        ><span class="a"><${Glyph} name=${level} />${answer}</span><span class="x">${detail}</span></a
      >`,
    )}
  </section>`;
}
