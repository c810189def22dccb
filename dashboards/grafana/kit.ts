import * as bargauge from '@grafana/grafana-foundation-sdk/bargauge';
import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import * as common from '@grafana/grafana-foundation-sdk/common';
import * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import * as prometheus from '@grafana/grafana-foundation-sdk/prometheus';
import * as stat from '@grafana/grafana-foundation-sdk/stat';
import * as statetimeline from '@grafana/grafana-foundation-sdk/statetimeline';
import * as table from '@grafana/grafana-foundation-sdk/table';
import * as timeseries from '@grafana/grafana-foundation-sdk/timeseries';

/**
 * Panels as this project wants them, over the SDK's builders: what a panel must have is not optional here (unit,
 * description, what "no data" means), and the SDK's defaults that hurt are undone (legends off, links hidden in a
 * menu, no ids, a layout that does not wrap).
 */
export interface PanelText {
  readonly title: string;
  /** One or two sentences: what it shows and how to read it. */
  readonly description: string;
  /** Grafana's id of a unit: `short`, `percentunit`, `s`, `bytes`, `ops`. */
  readonly unit: string;
  /** Shown in place of a value when nothing came back: it says what that means. */
  readonly noValue: string;
}

export interface Sizes {
  /** Of 24 columns. */
  readonly width: number;
  readonly height: number;
}

/** A panel to be placed; its id and place come from its turn in the dashboard. */
export interface Placed extends Sizes {
  readonly panel: Builder<dashboard.Panel>;
}

export type Step = readonly [from: number | null, color: 'green' | 'yellow' | 'orange' | 'red' | 'text'];

export interface Query {
  readonly expr: string;
  readonly legend?: string;
}

/** The data source is chosen on the page: no id of an installation stands in the files. */
export const DATASOURCE: common.DataSourceRef = { type: 'prometheus', uid: '$datasource' };

/** One number of the selection, on a coloured ground when it wants attention. */
export function statPanel(
  text: PanelText,
  query: string,
  options: { steps: readonly Step[]; width?: number },
): Placed {
  const panel = dress(new stat.PanelBuilder(), text)
    .withTarget(target('A', { expr: query }, 'instant'))
    .thresholds(thresholds(options.steps))
    .colorScheme(new dashboard.FieldColorBuilder().mode(dashboard.FieldColorModeId.Thresholds))
    .colorMode(common.BigValueColorMode.Background)
    .graphMode(common.BigValueGraphMode.None)
    .reduceOptions(lastValue());
  return { panel, width: options.width ?? 3, height: 4 };
}

/** Lines over time. A gap stays a gap, and a cluster keeps its colour from panel to panel. */
export function linesPanel(
  text: PanelText,
  queries: readonly Query[],
  options: {
    steps?: readonly Step[];
    width?: number;
    height?: number;
    min?: number | null;
    max?: number;
  } = {},
): Placed {
  const panel = dress(new timeseries.PanelBuilder(), text)
    .targets(queries.map((query, i) => target(refId(i), query, 'range')))
    .colorScheme(new dashboard.FieldColorBuilder().mode(dashboard.FieldColorModeId.PaletteClassicByName))
    .legend(
      new common.VizLegendOptionsBuilder()
        .showLegend(true)
        .displayMode(common.LegendDisplayMode.List)
        .placement(common.LegendPlacement.Bottom)
        .calcs([]),
    )
    .tooltip(
      new common.VizTooltipOptionsBuilder()
        .mode(common.TooltipDisplayMode.Multi)
        .sort(common.SortOrder.Descending),
    )
    .lineWidth(1)
    .fillOpacity(0)
    .spanNulls(false);
  if (options.min !== null) panel.min(options.min ?? 0);
  if (options.max !== undefined) panel.max(options.max);
  if (options.steps) {
    panel
      .thresholds(thresholds(options.steps))
      .thresholdsStyle(
        new common.GraphThresholdsStyleConfigBuilder().mode(common.GraphThresholdsStyleMode.Dashed),
      );
  }
  return { panel, width: options.width ?? 12, height: options.height ?? 8 };
}

/** One bar of states per series; the words say what the numbers mean. */
export function timelinePanel(
  text: PanelText,
  query: Query,
  options: { words: Readonly<Record<string, readonly [word: string, color: string]>>; width?: number },
): Placed {
  const panel = dress(new statetimeline.PanelBuilder(), text)
    .withTarget(target('A', query, 'range'))
    .mappings([
      {
        type: dashboard.MappingType.ValueToText,
        options: Object.fromEntries(
          Object.entries(options.words).map(([value, [word, color]], index) => [
            value,
            { text: word, color, index },
          ]),
        ),
      },
    ])
    .mergeValues(true)
    .showValue(common.VisibilityMode.Never)
    .rowHeight(0.8)
    .legend(
      new common.VizLegendOptionsBuilder()
        .showLegend(true)
        .displayMode(common.LegendDisplayMode.List)
        .placement(common.LegendPlacement.Bottom),
    );
  return { panel, width: options.width ?? 16, height: 9 };
}

/** The newest value of each series as a bar. */
export function barsPanel(
  text: PanelText,
  query: Query,
  options: { steps: readonly Step[]; width?: number; height?: number; max?: number },
): Placed {
  const panel = dress(new bargauge.PanelBuilder(), text)
    .withTarget(target('A', query, 'instant'))
    .thresholds(thresholds(options.steps))
    .colorScheme(new dashboard.FieldColorBuilder().mode(dashboard.FieldColorModeId.Thresholds))
    .orientation(common.VizOrientation.Horizontal)
    .displayMode(common.BarGaugeDisplayMode.Basic)
    .reduceOptions(lastValue())
    .min(0);
  if (options.max !== undefined) panel.max(options.max);
  return { panel, width: options.width ?? 8, height: options.height ?? 9 };
}

export interface Column {
  readonly title: string;
  readonly query: string;
  readonly unit: string;
  readonly steps?: readonly Step[];
  readonly words?: Readonly<Record<string, readonly [word: string, color: string]>>;
  readonly decimals?: number;
}

/** One row per cluster: the columns' queries are joined on `cluster`; `labels` are shown from the first one. */
export function clusterTablePanel(
  text: PanelText,
  columns: readonly Column[],
  options: { labels: Readonly<Record<string, string>>; sortBy: string; height: number },
): Placed {
  const valueField = (i: number) => `Value #${refId(i)}`;
  const panel = dress(new table.PanelBuilder(), text)
    .targets(columns.map((column, i) => target(refId(i), { expr: column.query }, 'table')))
    .withTransformation({ id: 'joinByField', options: { byField: 'cluster', mode: 'outer' } })
    .withTransformation({
      id: 'filterFieldsByName',
      options: {
        include: {
          names: ['cluster', ...Object.keys(options.labels), ...columns.map((_, i) => valueField(i))],
        },
      },
    })
    .sortBy([new common.TableSortByFieldStateBuilder().displayName(options.sortBy).desc(false)]);
  panel.overrideByName('cluster', [{ id: 'displayName', value: 'Cluster' }]);
  for (const [label, title] of Object.entries(options.labels))
    panel.overrideByName(label, [{ id: 'displayName', value: title }]);
  for (const [i, column] of columns.entries()) {
    const properties: dashboard.DynamicConfigValue[] = [
      { id: 'displayName', value: column.title },
      { id: 'unit', value: column.unit },
      { id: 'noValue', value: '?' },
    ];
    if (column.decimals !== undefined) properties.push({ id: 'decimals', value: column.decimals });
    if (column.steps) {
      properties.push(
        { id: 'thresholds', value: thresholds(column.steps).build() },
        { id: 'custom.cellOptions', value: { type: 'color-text' } },
        { id: 'color', value: { mode: 'thresholds' } },
      );
    }
    if (column.words) {
      properties.push(
        { id: 'mappings', value: [wordMapping(column.words)] },
        { id: 'custom.cellOptions', value: { type: 'color-text' } },
      );
    }
    panel.overrideByName(valueField(i), properties);
  }
  return { panel, width: 24, height: options.height };
}

function wordMapping(words: Readonly<Record<string, readonly [word: string, color: string]>>) {
  const options = Object.entries(words).map(([value, [word, color]], index) => [
    value,
    { text: word, color, index },
  ]);
  return { type: 'value', options: Object.fromEntries(options) };
}

/** What every kind of panel builder of the SDK can be told alike. */
interface Dressable<T> {
  title(title: string): T;
  description(description: string): T;
  unit(unit: string): T;
  noValue(text: string): T;
  datasource(ref: common.DataSourceRef): T;
}

function dress<T extends Dressable<T>>(panel: T, text: PanelText): T {
  return panel
    .title(text.title)
    .description(text.description)
    .unit(text.unit)
    .noValue(text.noValue)
    .datasource(DATASOURCE);
}

function target(id: string, query: Query, kind: 'instant' | 'range' | 'table') {
  const built = new prometheus.DataqueryBuilder()
    .refId(id)
    .datasource(DATASOURCE)
    .editorMode(prometheus.QueryEditorMode.Code)
    .expr(query.expr)
    .legendFormat(query.legend ?? '__auto');
  if (kind === 'range') return built.range();
  return built
    .instant()
    .format(kind === 'table' ? prometheus.PromQueryFormat.Table : prometheus.PromQueryFormat.TimeSeries);
}

function thresholds(steps: readonly Step[]) {
  return new dashboard.ThresholdsConfigBuilder()
    .mode(dashboard.ThresholdsMode.Absolute)
    .steps(steps.map(([value, color]) => ({ value, color })));
}

function lastValue() {
  return new common.ReduceDataOptionsBuilder().calcs(['lastNotNull']).values(false);
}

/** A, B, … Z: no panel asks more than 26 questions. */
function refId(index: number): string {
  return String.fromCharCode(65 + index);
}
