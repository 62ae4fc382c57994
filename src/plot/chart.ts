/**
 * Charts as data: what a picture says, before anything is drawn. Values stand in full, what is missing is null and
 * leaves a gap. A chart is plain JSON, made of the rows of an answer (src/charts) and drawn by `draw`.
 */

/** The closed list: every picture is one of these. */
export const CHART_KINDS = [
  'speedup',
  'time',
  'pass',
  'roofline',
  'acceptance',
  'best',
  'waterfall',
  'pareto',
  'capacity',
  'rounds',
] as const;

export type ChartKind = (typeof CHART_KINDS)[number];

/** Colours by what they stand for: methods have theirs, parts of a step have others. */
export type Hue =
  | 'plain'
  | 'blue'
  | 'orange'
  | 'green'
  | 'purple'
  | 'olive'
  | 'teal'
  | 'draft'
  | 'verify'
  | 'sampling'
  | 'overhead'
  | 'prefill';

export interface Axis {
  readonly label: string;
  /** Written behind a value, such as `x` or ` ms`. */
  readonly unit: string;
  readonly scale: 'linear' | 'log2' | 'log10';
  /** What the axis shows at the least, such as 0. */
  readonly holds?: readonly number[];
  /** Its ends, where the values do not decide. */
  readonly bounds?: readonly [number, number];
}

export interface Point {
  readonly x: number;
  readonly y: number | null;
  readonly lo?: number | null;
  readonly hi?: number | null;
  /** Stands beside the mark where there is room, and in its title. */
  readonly label?: string;
  /** In its title alone, in place of the name of the series. */
  readonly says?: string;
}

export interface Series {
  readonly name: string;
  readonly hue: Hue;
  readonly dashed?: boolean;
  readonly faint?: boolean;
  readonly path: 'line' | 'steps' | 'none';
  readonly mark: 'dot' | 'cross' | 'none';
  readonly points: readonly Point[];
}

/** A line across the picture, or what lies between two. */
export interface Rule {
  readonly axis: 'x' | 'y';
  readonly at: number;
  readonly upTo?: number;
  readonly label: string;
}

export interface LinesPanel {
  readonly form: 'lines';
  readonly heading?: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly series: readonly Series[];
  readonly rules: readonly Rule[];
}

/** Bars of stacked parts; groups stand side by side on one scale. */
export interface StackPanel {
  readonly form: 'stack';
  readonly heading?: string;
  readonly x: string;
  readonly y: Axis;
  readonly parts: readonly { readonly name: string; readonly hue: Hue }[];
  readonly groups: readonly {
    readonly name: string;
    readonly bars: readonly { readonly name: string; readonly values: readonly (number | null)[] }[];
  }[];
}

export interface Cell {
  readonly value: number | null;
  /** What is written in it, the first line bold. */
  readonly lines: readonly string[];
  readonly says: string;
  readonly hatched?: boolean;
}

export interface CellsPanel {
  readonly form: 'cells';
  readonly heading?: string;
  readonly x: { readonly label: string; readonly names: readonly string[] };
  readonly y: { readonly label: string; readonly names: readonly string[] };
  /** Values of the palest and the darkest cell. */
  readonly range: readonly [number, number];
  /** Rows from above, each a cell a column. */
  readonly rows: readonly (readonly Cell[])[];
}

export interface WaterfallPanel {
  readonly form: 'waterfall';
  readonly heading?: string;
  readonly x: Axis;
  readonly names: readonly string[];
  /** Side by side on one scale: a bar for each name, from one value to another. */
  readonly groups: readonly {
    readonly name: string;
    readonly bars: readonly { readonly from: number; readonly to: number }[];
  }[];
}

/** A column a round: the token that verification adds, then the drafts, accepted and rejected. */
export interface StripPanel {
  readonly form: 'strip';
  readonly heading?: string;
  readonly rounds: readonly { readonly drafted: number; readonly accepted: number }[];
}

/** Steps one after the other on one axis of time, a lane a method. */
export interface LanesPanel {
  readonly form: 'lanes';
  readonly heading?: string;
  readonly x: Axis;
  readonly lanes: readonly {
    readonly name: string;
    readonly hue: Hue;
    readonly stepMs: number;
    /** Tokens that each step emits. */
    readonly tokens: readonly number[];
  }[];
}

/** A horizontal bar a name, with its interval. */
export interface RangesPanel {
  readonly form: 'ranges';
  readonly heading?: string;
  readonly x: Axis;
  readonly bars: readonly {
    readonly name: string;
    readonly hue: Hue;
    readonly value: number | null;
    readonly lo: number | null;
    readonly hi: number | null;
    /** Stands behind the bar. */
    readonly label: string;
  }[];
}

export type Panel =
  | LinesPanel
  | StackPanel
  | CellsPanel
  | WaterfallPanel
  | StripPanel
  | LanesPanel
  | RangesPanel;

export interface Chart {
  readonly kind: ChartKind;
  readonly title: string;
  readonly subtitle: string;
  /** What the picture shows, in a sentence, for those who do not see it. */
  readonly summary: string;
  /** Tool, hash, seed, trace, engine. */
  readonly foot: string;
  readonly panels: readonly Panel[];
}

/** The numbers of a picture as a table. */
export interface Figures {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number | null)[])[];
}
