import { hydrate, render } from 'preact';
import { FleetPage, type FleetPageProps, pageTitle, pageVerdict } from './fleet-page.ts';
import type { FleetView } from './fleet-view.ts';
import { html } from './html.ts';
import { keyAction } from './keys.ts';
import { fleetMarkdown } from './markdown.ts';
import { verdictText } from './verdict.ts';

/** The hub speaks every 2 s; after this long without a word the page says that it is old. */
const STALE_AFTER_MS = 10_000;
/** How long to wait before a stream that the hub refused is asked for again. */
const RECONNECT_MS = 5_000;
/** A screen reader is told of a new verdict at most this often. */
const ANNOUNCE_MS = 30_000;

const root = document.getElementById('app')!;
let props: FleetPageProps = fromServer();
/** As the hub last told it; what is shown may lag behind it where somebody reads. */
let latest = props.view;
/** When the page last heard of the hub, by a clock that nobody sets. */
let heardAt = performance.now();
let announcedAt = Number.NEGATIVE_INFINITY;

hydrate(html`<${FleetPage} ...${props} />`, root);
connect();
setInterval(update, 1000);
document.addEventListener('keydown', onKey);
document.addEventListener('click', onClick);
document.addEventListener('input', onInput);
document.addEventListener('submit', onSubmit);

/** The state the server rendered from. */
function fromServer(): FleetPageProps {
  const view = JSON.parse(document.getElementById('view')!.textContent!) as FleetView;
  const address = new URLSearchParams(location.search);
  return {
    view,
    nowMs: view.timeMs,
    connection: 'static',
    query: address.get('q') ?? '',
    layout: address.get('view') === 'table' ? 'table' : 'tiles',
    waitingEvents: 0,
    notice: '',
    announcement: document.querySelector('[role=status]')!.textContent!,
  };
}

function connect(): void {
  const source = new EventSource('/api/v1/federation/fleet/stream');
  source.onmessage = ({ data }) => accept(JSON.parse(data as string) as FleetView);
  // Nothing changed, but the hub is there.
  source.addEventListener('tick', ({ data }) => accept({ ...latest, timeMs: Number(data) }));
  source.onerror = () => {
    if (source.readyState === EventSource.CLOSED) setTimeout(connect, RECONNECT_MS);
    update();
  };
}

function accept(view: FleetView): void {
  heardAt = performance.now();
  latest = view;
  // A list somebody is reading stands still; what is new waits.
  const isRead = document.querySelector('#events:hover, #events:focus-within') !== null;
  const events = isRead ? props.view.events : view.events;
  const newest = events[0]?.timeMs ?? 0;
  const waitingEvents = view.events.filter((event) => event.timeMs > newest).length;
  show({ view: { ...view, events }, waitingEvents });
}

function update(): void {
  show({});
}

/** Renders with some of the state changed, and the time moved on. */
function show(changes: Partial<FleetPageProps>): void {
  const next = { ...props, ...changes };
  const quietMs = performance.now() - heardAt;
  const nowMs = next.view.timeMs + quietMs;
  const connection = quietMs > STALE_AFTER_MS ? 'stale' : 'live';
  const said = pageVerdict({ view: next.view, nowMs, connection });
  const meaning = verdictText(said, { ages: false });
  const isDue = meaning !== next.announcement && performance.now() - announcedAt > ANNOUNCE_MS;
  if (isDue) announcedAt = performance.now();
  props = { ...next, nowMs, connection, announcement: isDue ? meaning : next.announcement };
  document.title = pageTitle(said);
  render(html`<${FleetPage} ...${props} />`, root);
}

let keyBefore = { key: '', at: 0 };

function onKey(event: KeyboardEvent): void {
  const target = event.target as HTMLElement;
  const at = performance.now();
  const before = at - keyBefore.at < 1000 ? keyBefore.key : '';
  keyBefore = { key: event.key, at };
  const press = {
    key: event.key,
    modified: event.ctrlKey || event.altKey || event.metaKey,
    inField: target.matches('input, select, textarea'),
    before,
  };
  const action = keyAction(press, localStorage.getItem('single-keys') !== 'off');
  if (!action || (action !== 'back' && document.querySelector('dialog[open]'))) return;
  if (action !== 'back') event.preventDefault();
  if (action === 'filter') filterField().focus();
  else if (action === 'next') move(1);
  else if (action === 'previous') move(-1);
  else if (action === 'fleet') location.assign('/');
  else if (action === 'copy') copyPage();
  else if (action === 'copy link') copy(location.href, 'Link copied');
  else if (action === 'theme') switchTheme();
  else if (action === 'keys') openKeys();
  else back(target);
}

/** Out of a field first, then from a narrowed fleet to the whole one. */
function back(target: HTMLElement): void {
  if (document.querySelector('dialog[open]')) return;
  if (target.matches('input') && props.query === '') target.blur();
  else if (props.query !== '') filter('');
}

function move(step: number): void {
  const items = [...document.querySelectorAll<HTMLElement>('[data-item]')];
  const at = items.indexOf(document.activeElement as HTMLElement);
  items[at < 0 ? 0 : Math.max(0, Math.min(items.length - 1, at + step))]?.focus();
}

function filterField(): HTMLInputElement {
  return document.querySelector<HTMLInputElement>('input[name=q]')!;
}

function filter(query: string): void {
  const address = new URL(location.href);
  if (query === '') address.searchParams.delete('q');
  else address.searchParams.set('q', query);
  history.replaceState(null, '', address);
  show({ query });
}

function onInput({ target }: Event): void {
  if (target === filterField()) filter(filterField().value);
  else if (target instanceof HTMLInputElement && target.id === 'single-keys')
    localStorage.setItem('single-keys', target.checked ? 'on' : 'off');
}

function onClick({ target }: Event): void {
  const asked = (target as Element).closest<HTMLElement>('[data-do]')?.dataset['do'];
  if (asked === 'copy') copyPage();
  else if (asked === 'keys') openKeys();
}

function openKeys(): void {
  const dialog = document.querySelector<HTMLDialogElement>('#keys')!;
  dialog.querySelector<HTMLInputElement>('#single-keys')!.checked =
    localStorage.getItem('single-keys') !== 'off';
  dialog.showModal();
}

function copyPage(): void {
  copy(fleetMarkdown({ ...props.view }, location.href), 'Copied as Markdown');
}

/** Without HTTPS a page has no clipboard; the older way still works there. */
async function copy(text: string, done: string): Promise<void> {
  let isCopied = true;
  if (navigator.clipboard) await navigator.clipboard.writeText(text).catch(() => (isCopied = false));
  else {
    const field = document.body.appendChild(document.createElement('textarea'));
    field.value = text;
    field.select();
    isCopied = document.execCommand('copy');
    field.remove();
  }
  show({ notice: isCopied ? done : 'Cannot copy: the browser does not allow it' });
}

/** Kept in a cookie, so that the server writes the next page in the chosen colours. */
function switchTheme(): void {
  const element = document.documentElement;
  const isDark = element.dataset['theme']
    ? element.dataset['theme'] === 'dark'
    : matchMedia('(prefers-color-scheme: dark)').matches;
  const theme = isDark ? 'light' : 'dark';
  element.dataset['theme'] = theme;
  // biome-ignore lint/suspicious/noDocumentCookie: the Cookie Store is missing where the hub is reached by plain HTTP
  document.cookie = `karmascope_theme=${theme}; path=/; max-age=31536000; samesite=lax`;
}

/** With script the page stays while a scenario is asked for; the filter needs no reload. */
async function onSubmit(event: SubmitEvent): Promise<void> {
  const form = event.target as HTMLFormElement;
  if (form.method === 'dialog') return;
  event.preventDefault();
  if (form.method !== 'post') return;
  const body = new URLSearchParams(new FormData(form) as never);
  const answer = await fetch(form.action, { method: 'POST', body, headers: { accept: 'application/json' } });
  const { message } = (await answer.json()) as { message: string };
  show({ notice: message });
}
