import type { FleetView } from './fleet-view.ts';
import { html } from './html.ts';

/** Buttons of the simulated federation: plain forms, so that they work without script as well. */
export function Demo({ view }: { view: FleetView }) {
  const regions = view.regions.filter((region) => region.members > 0);
  const clusters = view.clusters.filter((cluster) => cluster.role === 'member');
  return html`<section class="sec demo" aria-labelledby="demo-h">
    <div class="hd"><h2 id="demo-h">This federation is simulated</h2><div class="r"><span>try what happens when…</span></div></div>
    <div class="fl">
      <form method="post" action="/demo/play/region-lost">
        <select class="in" name="region" aria-label="Region to lose">${regions.map(({ name }) => html`<option value=${name}>${name}</option>`)}</select>
        <button class="btn">Lose region</button>
      </form>
      <form method="post" action="/demo/play/collector-silent">
        <select class="in" name="cluster" aria-label="Cluster whose collector falls silent">${clusters.map(({ name }) => html`<option value=${name}>${name}</option>`)}</select>
        <button class="btn">Silence collector</button>
      </form>
      <form method="post" action="/demo/play/recovery"><button class="btn">Recover all</button></form>
    </div>
  </section>`;
}
