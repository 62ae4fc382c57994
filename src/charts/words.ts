/** What charts of all kinds have in common: names of settings, their colours, where the numbers come from. */
import { grouped } from '../memo.ts';
import type { Axis, Hue, Panel } from '../plot/chart.ts';
import { settingLabel } from '../report/setting.ts';
import type { Envelope, Row } from '../scenario/result.ts';

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

/** Methods and policies that know what will be accepted: bounds, which nobody can run. */
export function isBound({ method, policy }: { method: string; policy?: string | null }): boolean {
  return /^(oracle|combined|combined-free|best):/.test(method) || /^(noisy-)?oracle/.test(policy ?? '');
}

/** The same colour for a method, whatever else is drawn. */
export function hueOf(method: string): Hue {
  if (/^(oracle|combined|combined-free|best):/.test(method)) return 'green';
  return HUES[method] ?? (method.includes(':') ? 'purple' : 'olive');
}

export function nameOf({ method, k, policy }: Pick<Row, 'method' | 'k' | 'policy'>): string {
  return settingLabel({ method, k, policy });
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
  const traces = new Map(rows.map((row) => [row.trace, row]));
  return [...traces.values()]
    .map(({ trace, trace_kind, requests }) => `trace ${trace} (${trace_kind}), ${requests} requests`)
    .join('; ');
}

export function foot({ tool, config, configHash, seed, warnings }: Answer): string {
  const { trace, engine, cost } = config;
  const parts = [
    tool,
    `config ${configHash.slice(0, 12)}`,
    `seed ${seed}`,
    `trace ${trace.join(', ')}`,
    cost === 'roofline' ? `engine ${engine}` : `cost ${cost}`,
    ...(warnings.length === 0
      ? []
      : [`${warnings.length} ${warnings.length === 1 ? 'warning' : 'warnings'}`]),
  ];
  return parts.join(', ');
}

export const BATCH = 'batch size';

export function times(ratio: number): string {
  return `${ratio.toFixed(2)}x`;
}

/** An axis of what is counted from 0. */
export const fromZero = (label: string, unit: string): Axis => ({ label, unit, scale: 'linear', holds: [0] });

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

/** `trace gsm8k, cnn` */
export function tracesOf(rows: readonly { readonly trace: string }[]): string {
  return `trace ${[...new Set(rows.map(({ trace }) => trace))].join(', ')}`;
}
