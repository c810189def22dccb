import { renderToString } from 'preact-render-to-string';
import { FleetPage, type FleetPageProps, pageTitle, pageVerdict } from './fleet-page.ts';
import { SPRITE } from './glyphs.ts';
import { html } from './html.ts';

/** Addresses of the built files; they hold a hash of the content. */
export interface Assets {
  readonly script: string;
  readonly style: string;
  readonly icon: string;
}

/** `light` and `dark` are the reader's choice; without one the system's is taken. */
export type Theme = 'light' | 'dark' | undefined;

/** The whole page as text: it can be read without script; with script the same markup is taken over. */
export function fleetDocument(props: FleetPageProps, assets: Assets, theme: Theme): string {
  const body = renderToString(html`<${FleetPage} ...${props} />`);
  return (
    head(pageTitle(pageVerdict(props)), assets, theme) +
    `<script type="module" src="${assets.script}"></script></head>\n<body>${SPRITE}<div id="app">${body}</div>` +
    `<script type="application/json" id="view">${inScript(JSON.stringify(props.view))}</script></body></html>\n`
  );
}

/** A page of text around rendered markup. */
export function textDocument(title: string, body: string, assets: Assets, theme: Theme): string {
  return (
    head(`${title} · Karmascope`, assets, theme) +
    '</head>\n<body><a class="skip" href="#main">Skip to content</a>' +
    '<header class="top"><a class="brand" href="/">Karmascope</a><nav class="nav" aria-label="Pages"><a href="/">Fleet</a><a href="/runbooks">Runbooks</a></nav></header>' +
    `<main id="main" class="text">${body}</main></body></html>\n`
  );
}

function head(title: string, assets: Assets, theme: Theme): string {
  return (
    `<!doctype html>\n<html lang="en"${theme ? ` data-theme="${theme}"` : ''}><head><meta charset="utf-8">` +
    '<meta name="viewport" content="width=device-width,initial-scale=1"><meta name="color-scheme" content="light dark">' +
    `<title>${escapeHtml(title)}</title><link rel="icon" href="${assets.icon}"><link rel="stylesheet" href="${assets.style}">`
  );
}

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}

/** JSON that no markup inside it can end: `</script>` and `<!--` lose their bracket. */
function inScript(json: string): string {
  return json.replaceAll('<', '\\u003c');
}
