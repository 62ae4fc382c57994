/** What charts of all kinds have in common: names of settings, their colours, axes, where the numbers come from. */
import { grouped } from '../memo.ts';
import type { Axis, Cell, CellsPanel, Chart, ChartKind, LinesPanel, Panel, Series } from '../plot/chart.ts';
import type { Hue } from '../plot/themes.ts';
import type { Envelope, Row } from '../scenario/result.ts';

export { settingLabel as nameOf } from '../report/setting.ts';

/** What a chart is made of, whatever the question was. */
export type Answer = Pick<Envelope<unknown>, 'tool' | 'config' | 'configHash' | 'seed' | 'warnings'>;

/** Colours of basic methods; what is made of two has its own, and what nobody can run another. */
const HUES: Readonly<Record<string, Hue>> = {
  none: 'plain',
  ngram: 'blue',
  suffix: 'teal',
  eagle: 'orange',
  eagle3: 'orange',
  'draft-model': 'olive',
  mtp: 'purple',
  dflash: 'purple',
};

const BOUND = /^(oracle|combined|combined-free|best):/;

/** Methods and policies that know what will be accepted: bounds, which nobody can run. */
export function isBound({ method, policy }: { method: string; policy?: string | null }): boolean {
  return BOUND.test(method) || /^(noisy-)?oracle/.test(policy ?? '');
}

/** The same colour for a method, whatever else is drawn. */
export function hueOf(method: string): Hue {
  if (BOUND.test(method)) return 'green';
  return HUES[method] ?? (method.includes(':') ? 'purple' : 'olive');
}

/** `llama-3.1-8b on h100-sxm`, and what was changed. */
export function where({ config }: Answer): string {
  const { target, gpu, tp, dtype, set } = config;
  const changed = Object.entries(set).map(([path, value]) => `${path.split('.').at(-1)} ${value}`);
  const what = [dtype === 'bf16' ? '' : dtype, tp === 1 ? '' : `${tp} GPUs`, ...changed].filter(Boolean);
  return `${target} on ${gpu}${what.length === 0 ? '' : ` (${what.join(', ')})`}`;
}

/** Which requests, recorded or fitted. */
export function sample(rows: readonly Pick<Row, 'trace' | 'trace_kind' | 'requests'>[]): string {
  const traces = rows.map(
    ({ trace, trace_kind, requests }) => `trace ${trace} (${trace_kind}), ${requests} requests`,
  );
  return [...new Set(traces)].join('; ');
}

/** `trace gsm8k, cnn` */
export function tracesOf(rows: readonly { readonly trace: string }[]): string {
  return `trace ${[...new Set(rows.map(({ trace }) => trace))].join(', ')}`;
}

export function chartOf(
  kind: ChartKind,
  answer: Answer,
  parts: Omit<Chart, 'kind' | 'foot' | 'warnings'>,
): Chart {
  return { kind, ...parts, foot: foot(answer), warnings: answer.warnings };
}

function foot({ tool, config, configHash, seed, warnings: { length } }: Answer): string {
  const { trace, engine, cost } = config;
  const price = cost === 'roofline' ? `engine ${engine}` : `cost ${cost}`;
  const warned = length === 0 ? '' : `, ${length} ${length === 1 ? 'warning' : 'warnings'}`;
  return `${tool}, config ${configHash.slice(0, 12)}, seed ${seed}, trace ${trace.join(', ')}, ${price}${warned}`;
}

export const BATCH = 'batch size';

export function times(ratio: number): string {
  return `${ratio.toFixed(2)}x`;
}

/** An axis of what is counted from 0. */
export const fromZero = (label: string, unit: string): Axis => ({ label, unit, scale: 'linear', holds: [0] });

/** Lines by batch size over plain decoding. */
export const speedups = (series: readonly Series[]): LinesPanel => ({
  form: 'lines',
  x: { label: `${BATCH} (copies of one request)`, unit: '', scale: 'log2' },
  y: fromZero('times as fast as plain decoding', 'x'),
  series,
  rules: [{ axis: 'y', at: 1, label: 'plain decoding' }],
});

/** A cell for each pair of names. */
export const mapOf = (
  x: CellsPanel['x'],
  y: CellsPanel['y'],
  range: CellsPanel['range'],
  cell: (x: string, y: string, column: number) => Cell | null,
): CellsPanel => ({
  form: 'cells',
  x,
  y,
  range,
  rows: y.names.map((row) => x.names.map((column, c) => cell(column, row, c))),
});

/** A panel a trace, which is named where there are several. */
export function panelsByTrace<R extends { readonly trace: string }>(
  rows: readonly R[],
  panel: (rows: readonly R[], trace: string) => Panel,
): Panel[] {
  const traces = grouped(rows, ({ trace }) => trace);
  return [...traces].map(([trace, of]) => ({
    ...panel(of, trace),
    ...(traces.size > 1 && { heading: `trace ${trace}` }),
  }));
}
