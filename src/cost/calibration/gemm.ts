/**
 * The law of a matrix product: t0 + ((B / (eb BW))^q + (F / (ef FLOPS))^q)^(1/q) with B bytes of weights,
 * inputs and outputs and F = 2 m n k (docs/physics.md, section 1). In formats other than bf16 and fp8 the time that a
 * block walks along k is a third term: kernels that scale as they go split the inner dimension less.
 */
import { UserError } from '../../errors.ts';
import { FORMATS, type WeightFormat } from '../../number-formats.ts';
import { smoothRoofline, tiledRows } from '../kernels.ts';
import type { Law } from './law.ts';
import type { GemmRow } from './rows.ts';

/** Peaks of the profile that the shares are of, SI. */
interface Peaks {
  readonly bytesPerS: number;
  readonly flopsPerS: number;
}

/** Smaller matrices are launches rather than rooflines, and may stay in cache. */
const LEAST_WEIGHT_BYTES = 8e6;
const LEAST_WIDTH = 1024;
/** More tokens than a serving engine puts into one decode step. */
const MOST_TOKENS = 4352;
/** What may be in the L2 cache must exceed it this many times to come from memory. */
export const COLD_L2_SHARE = 1.5;

/**
 * The rows of one number format that are rooflines and come from memory. A row that is faster than memory can be
 * proves that the benchmark leaves its data in cache; then only rows that cannot stay there are taken.
 *
 * @throws UserError when that is so and nobody says how large the cache is
 */
export function gemmRows(
  rows: readonly GemmRow[],
  dtype: string,
  bytesPerS: number,
  l2Bytes: number | null,
): GemmRow[] {
  const bytesPerWeight = FORMATS[dtype as WeightFormat].bytesPerWeight;
  const large = rows.filter(
    (row) =>
      row.dtype === dtype &&
      row.n >= LEAST_WIDTH &&
      row.k >= LEAST_WIDTH &&
      row.m <= MOST_TOKENS &&
      row.n * row.k * bytesPerWeight >= LEAST_WEIGHT_BYTES,
  );
  if (!large.some((row) => gemmBytes(row, bytesPerWeight) > bytesPerS * row.seconds)) return large;
  if (l2Bytes === null) {
    throw new UserError(
      `gemm ${dtype}: some rows are faster than memory, expected specification.l2 in the profile to leave out what comes from cache`,
    );
  }
  return large.filter((row) => gemmBytes(row, bytesPerWeight) >= COLD_L2_SHARE * l2Bytes);
}

const DEPTH = {
  name: 'depth',
  unit: 's',
  start: 0.6e-9,
  least: 0,
  correction: true,
  holdable: true,
} as const;

/**
 * Parameters: t0 in seconds, eb, ef, q, and the seconds for each element of k.
 *
 * @param walks whether the last is one of them; else it is 0
 * @param tile rows that are multiplied at once
 */
export function gemmLaw(
  dtype: string,
  { bytesPerS, flopsPerS }: Peaks,
  walks = !['bf16', 'fp8'].includes(dtype),
  tile = 1,
): Law<GemmRow> {
  const bytesPerWeight = FORMATS[dtype as WeightFormat].bytesPerWeight;
  return {
    name: `gemm ${dtype}`,
    formula: `t0 + ((B / (bandwidth BW))^q + (F${tile === 1 ? '' : ` of tiles of ${tile} rows`} / (flops FLOPS))^q${walks ? ' + (k depth)^q' : ''})^(1/q)`,
    parameters: [
      { name: 't0', unit: 's', start: 4e-6, least: 0, correction: true, holdable: true },
      { name: 'bandwidth', unit: 'share', start: 0.8, greatest: 1 },
      { name: 'flops', unit: 'share', start: 0.7, greatest: 1 },
      { name: 'corner', unit: 'exponent', start: 2, least: 1, holdable: true },
      ...(walks ? [DEPTH] : []),
    ],
    seconds(row, [t0, bandwidth, flops, corner, depth]) {
      return (
        t0! +
        smoothRoofline(
          gemmBytes(row, bytesPerWeight) / (bytesPerS * bandwidth!),
          (2 * tiledRows(row.m, tile) * row.n * row.k) / (flopsPerS * flops!),
          corner!,
          row.k * Math.max(0, depth ?? 0),
        )
      );
    },
    group: ({ n, k }) => `${n} x ${k}`,
    groups: 'weight shapes',
  };
}

/** Weights once, inputs and outputs at two bytes, as the cost model counts them. */
function gemmBytes({ n, k, m }: GemmRow, bytesPerWeight: number): number {
  return n * k * bytesPerWeight + 2 * m * (n + k);
}
