/**
 * The law of an operator over routed experts: t0 + E each + B / (eb BW) + F / (ef FLOPS), with E the experts that the GPU
 * holds, B the bytes of those that are visited, each as if it were hypot(width, sliver) wide, and of their inputs and
 * outputs, and F the FLOPs of all visits. Reading and computing do not overlap: of skewed experts few are full, and they
 * compute while others are read.
 */
import { FORMATS, type WeightFormat } from '../../number-formats.ts';
import { activatedExperts } from '../routing.ts';
import { COLD_L2_SHARE } from './gemm.ts';
import type { Law } from './law.ts';
import type { ExpertsRow } from './rows.ts';

/** Peaks of the profile that the shares are of, SI. */
interface Peaks {
  readonly bytesPerS: number;
  readonly flopsPerS: number;
}

/**
 * Rows are taken up to the tokens of a large step that verifies, as beyond it tiles and skew decide; where those tell no
 * rate of arithmetic, up to those of a prefill.
 */
export const MOST_TOKENS = [1024, 4096] as const;
/** Skewed rows with so many visits an expert, less and more, are left out: how many experts are visited nobody says. */
const UNTOLD_VISITS = [0.5, 8] as const;
/** Weights that take less of the time than this, read from memory, hardly matter: such rows tell the fixed time. */
const LAUNCH_BYTES = 0.25;
/** Models with so many experts route by groups of them, so that balanced rows visit fewer than there is room for. */
const GROUPED_FROM = 256;

/**
 * The rows of one format that say how many experts are visited, all on the GPU that was measured, and whose weights come
 * from memory or hardly matter.
 */
export function expertRows(
  rows: readonly ExpertsRow[],
  format: WeightFormat,
  bytesPerS: number,
  l2Bytes: number | null,
  mostTokens: number,
): ExpertsRow[] {
  const { bytesPerWeight } = FORMATS[format];
  return rows.filter((row) => {
    const { dtype, groups, tokens, perToken, count, routing } = row;
    if (dtype !== format || groups !== 1 || tokens > mostTokens) return false;
    const weights = 3 * visitedExperts(row) * row.hidden * row.ffn * bytesPerWeight;
    const cold = weights >= COLD_L2_SHARE * (l2Bytes ?? 0);
    if (!cold && weights > LAUNCH_BYTES * bytesPerS * row.seconds) return false;
    const visits = (tokens * perToken) / count;
    return routing === 'balanced'
      ? count < GROUPED_FROM
      : visits <= UNTOLD_VISITS[0] || visits >= UNTOLD_VISITS[1];
  });
}

const EACH = { name: 'each', unit: 's', start: 0.1e-6, least: 0, correction: true, holdable: true } as const;
const SLIVER = {
  name: 'sliver',
  unit: 'count',
  start: 60,
  least: 0,
  correction: true,
  holdable: true,
} as const;

/** What rows of one width, or of one number of experts, do not tell; it is 0 then. */
export interface Told {
  readonly each: boolean;
  readonly sliver: boolean;
}

/**
 * Parameters: t0 in seconds, eb, ef, the seconds for each expert that the GPU holds, and the sliver.
 *
 * @param told which of the last two are parameters
 */
export function expertLaw(
  format: WeightFormat,
  { bytesPerS, flopsPerS }: Peaks,
  told: Told,
): Law<ExpertsRow> {
  const { bytesPerWeight } = FORMATS[format];
  return {
    name: `experts ${format}`,
    formula: 't0 + E each + B(visited, as wide as hypot(ffn, sliver)) / (bandwidth BW) + F / (flops FLOPS)',
    parameters: [
      { name: 't0', unit: 's', start: 20e-6, least: 0 },
      { name: 'bandwidth', unit: 'share', start: 0.85, greatest: 1, holdable: true },
      { name: 'flops', unit: 'share', start: 0.4, greatest: 1, holdable: true },
      ...(told.each ? [EACH] : []),
      ...(told.sliver ? [SLIVER] : []),
    ],
    seconds(row, [t0, bandwidth, flops, ...others]) {
      const { hidden, ffn, count, tokens, perToken } = row;
      const each = told.each ? others[0]! : 0;
      const sliver = told.sliver ? others.at(-1)! : 0;
      const visits = tokens * perToken;
      const bytes =
        3 * visitedExperts(row) * hidden * Math.hypot(ffn, sliver) * bytesPerWeight +
        2 * visits * (3 * ffn + 2 * hidden);
      return (
        t0! +
        count * each +
        bytes / (bytesPerS * bandwidth!) +
        (6 * visits * hidden * ffn) / (flopsPerS * flops!)
      );
    },
    group: ({ hidden, ffn, count }) => `${count} x ${hidden} x ${ffn}`,
    groups: 'expert shapes',
  };
}

/** Balanced rows visit as many as there is room for. */
function visitedExperts({
  count,
  perToken,
  tokens,
  routing,
}: Pick<ExpertsRow, 'count' | 'perToken' | 'tokens' | 'routing'>): number {
  return routing === 'balanced'
    ? Math.min(count, tokens * perToken)
    : activatedExperts(count, perToken, tokens);
}
