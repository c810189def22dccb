/** One alert as a person was paged about it. */
export interface Page {
  receivedMs: number;
  status: 'firing' | 'resolved';
  labels: Readonly<Record<string, string>>;
  annotations: Readonly<Record<string, string>>;
}

/** Older pages are forgotten: a screenful is what one reads. */
const PAGES_MAX = 200;

/** What an Alertmanager sends to a webhook, as far as it is read here. */
export interface WebhookMessage {
  alerts: readonly {
    status: 'firing' | 'resolved';
    labels: Record<string, string>;
    annotations: Record<string, string>;
  }[];
}

/** What is posted to an Alertmanager's /api/v2/alerts, as far as it is read here. */
export type PostedAlerts = readonly {
  labels: Record<string, string>;
  annotations?: Record<string, string>;
  endsAt?: string;
}[];

/** The pages that came, newest first: from a real Alertmanager's webhook, or made from the alerts themselves. */
export class PageLog {
  readonly #pages: Page[] = [];
  /** Alerts that the built-in receiver has paged and that have not ended, by their labels. */
  readonly #firing = new Map<string, Page>();

  get pages(): readonly Page[] {
    return this.#pages;
  }

  webhook(message: WebhookMessage, nowMs: number): void {
    for (const { status, labels, annotations } of message.alerts) {
      this.#add({ receivedMs: nowMs, status, labels, annotations });
    }
  }

  /** In place of an Alertmanager: pages once when an alert first comes and once when it has ended. */
  alerts(posted: PostedAlerts, nowMs: number): void {
    for (const { labels, annotations = {}, endsAt } of posted) {
      const key = JSON.stringify(Object.entries(labels).sort());
      const ended = endsAt !== undefined && Date.parse(endsAt) <= nowMs;
      const page: Page = { receivedMs: nowMs, status: ended ? 'resolved' : 'firing', labels, annotations };
      if (ended === this.#firing.has(key)) this.#add(page);
      if (ended) this.#firing.delete(key);
      else this.#firing.set(key, page);
    }
  }

  #add(page: Page): void {
    this.#pages.unshift(page);
    this.#pages.length = Math.min(this.#pages.length, PAGES_MAX);
  }
}

/** The page of pages, for a person. */
export function renderPages(pages: readonly Page[], source: string): string {
  const rows = pages.map(
    ({ receivedMs, status, labels, annotations }) =>
      `<tr class="${status}"><td>${new Date(receivedMs).toISOString().slice(11, 19)}</td><td>${status}</td>` +
      `<td>${escapeHtml(labels['alertname'] ?? '')}</td>` +
      `<td>${escapeHtml([labels['region'], labels['cluster']].filter(Boolean).join(' / '))}</td>` +
      `<td>${escapeHtml(annotations['summary'] ?? '')} ${escapeHtml(annotations['description'] ?? '')}</td></tr>`,
  );
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta http-equiv="refresh" content="5"><title>Pages received</title>
<style>
  :root { color-scheme: light dark; font: 15px/1.4 system-ui, sans-serif }
  body { margin: 2rem }
  table { border-collapse: collapse }
  td, th { padding: .3rem .8rem; text-align: left; vertical-align: top; border-bottom: 1px solid #8884 }
  .firing td:nth-child(2) { font-weight: 700 }
</style></head>
<body>
<h1>Pages received</h1>
<p>${escapeHtml(source)}. Times are UTC.</p>
${rows.length === 0 ? '<p>None so far.</p>' : `<table><tr><th>Time</th><th>Status</th><th>Alert</th><th>Where</th><th>What</th></tr>${rows.join('\n')}</table>`}
</body>
</html>
`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
}
