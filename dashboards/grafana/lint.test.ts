import { describe, expect, test } from 'vitest';
import { parseExpr } from '../../aggregator/promql/parser.ts';
import { renderDashboards } from './export.ts';
import { annotationQueries, expandVariables, fleetQueries } from './queries.ts';

/** What this test reads of classic dashboard JSON. */
interface Panel {
  id: number;
  type: string;
  title: string;
  description?: string;
  gridPos: { x: number; y: number; w: number; h: number };
  datasource?: { uid: string };
  fieldConfig?: { defaults: { unit?: string; noValue?: string } };
  targets?: { refId: string; expr: string; datasource: { uid: string } }[];
}
interface Dashboard {
  uid: string;
  schemaVersion: number;
  editable: boolean;
  panels: Panel[];
  templating: { list: { name: string; label: string; type: string; refresh?: number }[] };
  annotations: { list: { expr?: string }[] };
}

describe.each([...renderDashboards()])('%s', (_name, text) => {
  const dashboard = JSON.parse(text) as Dashboard;
  const panels = dashboard.panels.filter((panel) => panel.type !== 'row');

  test('is classic JSON that Grafana 10 and later read, and nobody edits in place', () => {
    expect(dashboard).toMatchObject({
      schemaVersion: 39,
      editable: false,
      uid: expect.stringMatching(/^karmascope-/),
    });
    expect(dashboard).not.toHaveProperty('id');
    expect(dashboard).not.toHaveProperty('__inputs');
    expect(text).not.toContain('"placement": "inControlsMenu"');
  });

  test('lets one choose data source, federation, region and cluster', () => {
    expect(
      dashboard.templating.list.map((variable) => `${variable.type} ${variable.name}: ${variable.label}`),
    ).toEqual([
      'datasource datasource: Data source',
      'query federation: Federation',
      'query region: Region',
      'query cluster: Cluster',
    ]);
    for (const variable of dashboard.templating.list.slice(1)) expect(variable.refresh).toBe(2);
  });

  test('every panel has a title, a description, a unit and words for no data', () => {
    for (const panel of panels) {
      expect(panel.title, JSON.stringify(panel.gridPos)).not.toBe('');
      expect(panel.description, panel.title).toMatch(/[.]$/);
      expect(panel.fieldConfig?.defaults.unit, panel.title).toBeTruthy();
      expect(panel.fieldConfig?.defaults.noValue, panel.title).toBeTruthy();
      expect(panel.targets?.length, panel.title).toBeGreaterThan(0);
    }
  });

  test('every panel and query asks the chosen data source', () => {
    for (const panel of panels)
      for (const { datasource } of [panel, ...panel.targets!])
        expect(datasource?.uid, panel.title).toBe('$datasource');
  });

  test('ids are unique and no two panels lie on each other', () => {
    expect(new Set(dashboard.panels.map((panel) => panel.id)).size).toBe(dashboard.panels.length);
    const taken = new Map<string, string>();
    for (const { gridPos, title } of dashboard.panels) {
      expect(gridPos.x + gridPos.w, title).toBeLessThanOrEqual(24);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++)
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          expect(taken.get(`${x},${y}`), `${title} lies on another panel`).toBeUndefined();
          taken.set(`${x},${y}`, title);
        }
    }
  });

  test('every expression comes from queries.ts', () => {
    const known = new Set<string>([...Object.values(fleetQueries), ...Object.values(annotationQueries)]);
    const asked = [
      ...panels.flatMap((panel) => panel.targets!.map((target) => target.expr)),
      ...dashboard.annotations.list.flatMap((annotation) => annotation.expr ?? []),
    ];
    for (const expr of asked) expect(known, expr).toContain(expr);
    for (const expr of known) expect(asked, `${expr} is asked by no panel`).toContain(expr);
  });
});

describe.each(Object.entries({ ...fleetQueries, ...annotationQueries }))('query %s', (_name, query) => {
  test('parses, and every selector is held to federation, region and cluster', () => {
    const text = expandVariables(query, 'demo');
    expect(text).not.toContain('$');
    expect(() => parseExpr(text)).not.toThrow();
    const selectors = [...query.matchAll(/[a-zA-Z_:][a-zA-Z0-9_:]*\{([^}]*)\}/g)];
    expect(selectors.length).toBeGreaterThan(0);
    for (const [selector, matchers] of selectors)
      for (const name of ['federation', 'region', 'cluster'])
        expect(matchers, selector).toContain(`${name}=`);
  });

  test('rates look at the interval Grafana chooses', () => {
    for (const [range] of query.matchAll(/\[[^\]]*\]/g)) expect(range).toBe('[$__rate_interval]');
  });
});
