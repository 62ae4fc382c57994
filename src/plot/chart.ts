/**
 * Charts as data: what a picture says, before anything is drawn. Values stand in full, what is missing is null and
 * leaves a gap. A chart is plain JSON, made of the rows of an answer (src/charts) and drawn by `draw`.
 */
import type { Hue } from './themes.ts';

/** The closed list, with the names of tabs: every picture is one of these. */
export const CHART_NAMES = {
  speedup: 'Speedup',
  time: 'Time',
  pass: 'Price of a pass',
  roofline: 'Roofline',
  acceptance: 'Acceptance',
  best: 'Best setting',
  tree: 'Trees',
  waterfall: 'To the bound',
  pareto: 'User against GPU',
  capacity: 'Capacity',
  rounds: 'Rounds',
} as const;

export type ChartKind = keyof typeof CHART_NAMES;

export const CHART_KINDS = Object.keys(CHART_NAMES) as ChartKind[];

export interface Axis {
  readonly label: string;
  /** Written behind a value, such as `x` or ` ms`. */
  readonly unit: string;
  readonly scale: 'linear' | 'log2' | 'log10';
  /** What the axis shows at the least, such as 0. */
  readonly holds?: readonly number[];
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
  /** A line where nothing is said. */
  readonly path?: 'steps' | 'none';
  /** Dots where nothing is said. */
  readonly mark?: 'cross' | 'none';
  readonly points: readonly Point[];
}

/** A line across the picture, or what lies between two. */
export interface Rule {
  readonly axis: 'x' | 'y';
  readonly at: number;
  readonly upTo?: number;
  readonly hue?: Hue;
  readonly label: string;
}

export interface LinesPanel {
  readonly form: 'lines';
  readonly x: Axis;
  readonly y: Axis;
  readonly series: readonly Series[];
  readonly rules: readonly Rule[];
}

export interface Cell {
  readonly value: number | null;
  /** What is written in it, the first line bold. */
  readonly lines: readonly string[];
  readonly says: string;
  /** In place of the colour of its value. */
  readonly hue?: Hue;
  readonly hollow?: boolean;
  readonly hatched?: boolean;
}

export interface CellsPanel {
  readonly form: 'cells';
  readonly x: { readonly label: string; readonly names: readonly string[] };
  readonly y: CellsPanel['x'];
  /** Values of the palest and the darkest cell. */
  readonly range: readonly [number, number];
  /** Rows from above, each a cell a column, or none. */
  readonly rows: readonly (readonly (Cell | null)[])[];
}

/** What a mark holds: values by short names, as its `data-` attributes and the table of the picture have them. */
export type Values = Readonly<Record<string, string | number | null | undefined>>;

/** A box from one value to another. */
export interface Bar {
  readonly from: number;
  readonly to: number;
  readonly hue: Hue;
  /** Written in it where it has room, or behind it, as the panel has it. */
  readonly label?: string;
  readonly says: string;
  readonly values: Values;
}

/** Bars that follow each other along one axis, a band for each name, in groups side by side on one scale. */
export interface BarsPanel {
  readonly form: 'bars';
  /** Columns from left to right, or rows from above. */
  readonly upright: boolean;
  /** Of the values. */
  readonly axis: Axis;
  /** What the names of columns are, or words below. */
  readonly label: string;
  readonly legend?: readonly { readonly name: string; readonly hue: Hue }[];
  /** Labels stand behind bars, which a thin line leads from one to the next. */
  readonly falling?: boolean;
  readonly groups: readonly {
    readonly name: string;
    readonly bands: readonly { readonly name: string; readonly hue?: Hue; readonly bars: readonly Bar[] }[];
  }[];
}

export type Panel = (LinesPanel | CellsPanel | BarsPanel) & { readonly heading?: string };

export interface Chart {
  readonly kind: ChartKind;
  readonly title: string;
  readonly subtitle: string;
  /** What the picture shows, in a sentence, for those who do not see it. */
  readonly summary: string;
  /** Tool, hash, seed, trace, engine, and how many warnings. */
  readonly foot: string;
  readonly warnings: readonly string[];
  readonly panels: readonly Panel[];
}
