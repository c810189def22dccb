import * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import { DATASOURCE, type Placed } from './kit.ts';

export interface DashboardSpec {
  /** Stable for ever: links and bookmarks hold it. */
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly variables: readonly VariableSpec[];
  readonly annotations: readonly { readonly name: string; readonly expr: string; readonly color: string }[];
  readonly rows: readonly { readonly title: string; readonly panels: readonly Placed[] }[];
}

export interface VariableSpec {
  readonly name: string;
  readonly label: string;
  readonly query: string;
  /** Several at once, and All. */
  readonly multi: boolean;
}

/**
 * The level Grafana 10.4 writes: everything from 10 to 13 reads it and migrates it up, and nothing newer is used.
 * The SDK would claim 42.
 */
const SCHEMA_VERSION = 39;

/** Columns of Grafana's grid. */
const GRID_COLUMNS = 24;

/** The dashboard as classic JSON, with stable ids and every panel in its place. */
export function assembleDashboard(spec: DashboardSpec): dashboard.Dashboard {
  const built = new dashboard.DashboardBuilder(spec.title)
    .uid(spec.uid)
    .description(spec.description)
    .tags(['karmascope', 'karmada'])
    .timezone('utc')
    .readonly()
    .tooltip(dashboard.DashboardCursorSync.Crosshair)
    .time({ from: 'now-1h', to: 'now' })
    .refresh('30s')
    .variables([datasourceVariable(), ...spec.variables.map(queryVariable)])
    .build();
  return {
    ...built,
    schemaVersion: SCHEMA_VERSION,
    annotations: { list: [builtInAnnotation(), ...spec.annotations.map(annotation)] },
    panels: layOut(spec.rows),
  };
}

/** Rows from top to bottom, panels from left to right; a panel that does not fit begins a new line. */
function layOut(rows: DashboardSpec['rows']): (dashboard.Panel | dashboard.RowPanel)[] {
  const placed: (dashboard.Panel | dashboard.RowPanel)[] = [];
  let y = 0;
  for (const row of rows) {
    const header = new dashboard.RowBuilder(row.title).build();
    placed.push({
      ...header,
      id: placed.length + 1,
      collapsed: false,
      gridPos: { x: 0, y, w: GRID_COLUMNS, h: 1 },
      panels: [],
    });
    y += 1;
    let x = 0;
    let lineHeight = 0;
    for (const { panel, width, height } of row.panels) {
      if (x + width > GRID_COLUMNS) {
        x = 0;
        y += lineHeight;
        lineHeight = 0;
      }
      placed.push({ ...panel.build(), id: placed.length + 1, gridPos: { x, y, w: width, h: height } });
      x += width;
      lineHeight = Math.max(lineHeight, height);
    }
    y += lineHeight;
  }
  return placed;
}

function datasourceVariable() {
  return new dashboard.DatasourceVariableBuilder('datasource').label('Data source').type('prometheus');
}

function queryVariable(spec: VariableSpec) {
  const variable = new dashboard.QueryVariableBuilder(spec.name)
    .label(spec.label)
    .datasource(DATASOURCE)
    .query({ query: spec.query, refId: `variable-${spec.name}` })
    .definition(spec.query)
    .refresh(dashboard.VariableRefresh.OnTimeRangeChanged)
    .sort(dashboard.VariableSort.AlphabeticalAsc);
  if (!spec.multi) return variable;
  // `.*` also matches an absent label: alerts of the control plane, which have no region, stay visible.
  return variable
    .multi(true)
    .includeAll(true)
    .allValue('.*')
    .current({ text: ['All'], value: ['$__all'], selected: true });
}

/** The entry Grafana itself adds to every dashboard it saves. */
function builtInAnnotation(): dashboard.AnnotationQuery {
  return {
    builtIn: 1,
    datasource: { type: 'grafana', uid: '-- Grafana --' },
    enable: true,
    hide: true,
    iconColor: 'rgba(0, 211, 255, 1)',
    name: 'Annotations & Alerts',
    type: 'dashboard',
  };
}

function annotation(spec: DashboardSpec['annotations'][number]): dashboard.AnnotationQuery {
  const fields = {
    datasource: DATASOURCE,
    enable: true,
    expr: spec.expr,
    iconColor: spec.color,
    name: spec.name,
    step: '15s',
    tagKeys: 'region,cluster',
    titleFormat: '{{alertname}}',
    useValueForTime: false,
  };
  return fields;
}
