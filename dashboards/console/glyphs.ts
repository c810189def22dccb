import type { ClusterHealth, Level } from './fleet-view.ts';
import { html } from './html.ts';

/**
 * Shapes that differ in outline, so that they are told apart without colour: disc, triangle, square, broken ring,
 * clock, dash, diamond, ring with a dot. `--surface` is the ground they are cut out to. They are drawn once per
 * page, outside what is rendered anew, and used by name.
 */
export const SPRITE = `<svg width="0" height="0" class="vh" aria-hidden="true"><defs><pattern id="hatch" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect class="hatch" width="2" height="5"/></pattern></defs>
<symbol id="ok" viewBox="0 0 16 16"><circle cx="8" cy="8" r="5.5" fill="currentColor"/></symbol>
<symbol id="warn" viewBox="0 0 16 16"><path d="M8 1.5 15 14H1z" fill="currentColor"/><path class="cut" d="M8 6v4M8 11.4v1.4" stroke-width="1.7"/></symbol>
<symbol id="down" viewBox="0 0 16 16"><rect x="1.5" y="1.5" width="13" height="13" rx="2" fill="currentColor"/><path class="cut" d="m5 5 6 6M11 5l-6 6" stroke-width="2"/></symbol>
<symbol id="blind" viewBox="0 0 16 16"><circle cx="8" cy="8" r="6" fill="none" stroke="currentColor" stroke-width="2" stroke-dasharray="3.2 3.08"/><path d="M6.2 6.6a1.9 1.9 0 1 1 2.6 1.7c-.6.3-.8.6-.8 1.2M8 10.8v1.3" fill="none" stroke="currentColor" stroke-width="1.5"/></symbol>
<symbol id="stale" viewBox="0 0 16 16"><circle cx="8" cy="8" r="6" fill="none" stroke="currentColor" stroke-width="1.7"/><path d="M8 4.6V8l2.3 1.6" fill="none" stroke="currentColor" stroke-width="1.5"/></symbol>
<symbol id="none" viewBox="0 0 16 16"><path d="M4 8h8" stroke="currentColor" stroke-width="1.8"/></symbol>
<symbol id="change" viewBox="0 0 16 16"><path d="M8 1.8 14.2 8 8 14.2 1.8 8z" fill="currentColor"/></symbol>
<symbol id="pending" viewBox="0 0 16 16"><circle cx="8" cy="8" r="6" fill="none" stroke="currentColor" stroke-width="1.8"/><circle cx="8" cy="8" r="2" fill="currentColor"/></symbol></svg>`;

export type GlyphName = Level | 'change' | 'pending';

/** Of which word it goes with: a glyph never stands alone. */
export function Glyph({ name, muted }: { name: GlyphName; muted?: boolean }) {
  const color = muted || name === 'none' || name === 'change' || name === 'pending' ? 'm' : name;
  return html`<svg class=${`g ${color}`} aria-hidden="true"><use href=${`#${name}`} /></svg>`;
}

/** Glyph and word of a state, in its colour. */
export function State({ level, children }: { level: Level; children?: unknown }) {
  return html`<span class=${`st ${level}`}><${Glyph} name=${level} />${children}</span>`;
}

const LEVELS: Readonly<Record<ClusterHealth, Level>> = {
  healthy: 'ok',
  degraded: 'warn',
  'nodes down': 'warn',
  down: 'down',
  silent: 'blind',
  unknown: 'blind',
};

export function healthLevel(state: ClusterHealth): Level {
  return LEVELS[state];
}

/** A share of a whole; hatched where it is a last value and not a measurement. Grey until it matters. */
export function Bar({ share, level, hatched }: { share: number; level?: Level; hatched?: boolean }) {
  const width = `${Math.max(0, Math.min(100, Math.round(share * 1000) / 10))}%`;
  return html`<svg class="bar" aria-hidden="true"
    ><rect class="bg" width="100%" height="100%" /><rect
      class=${hatched ? 'was' : `f ${level ?? ''}`}
      fill=${hatched ? 'url(#hatch)' : undefined}
      width=${width}
      height="100%"
  /></svg>`;
}
