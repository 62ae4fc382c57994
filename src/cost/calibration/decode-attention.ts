/**
 * The law of decode attention over a bf16 KV cache: t0 + bytes / (eb BW) + waves x wave, with a wave for every
 * streaming multiprocessor's share of the (sequence, KV head) pairs.
 */
import { COLD_L2_SHARE } from './gemm.ts';
import type { Law } from './law.ts';
import { type AttentionRow, kvBytes } from './rows.ts';

const MOST_SEQUENCES = 512;

/** Decode rows whose KV cache cannot have stayed in L2, without a sliding window. */
export function decodeRows(rows: readonly AttentionRow[], l2Bytes: number): AttentionRow[] {
  return rows.filter(
    (row) =>
      row.queryTokens === 1 &&
      row.kvDtype === 'bf16' &&
      row.window === null &&
      row.sequences <= MOST_SEQUENCES &&
      kvBytes(row) >= COLD_L2_SHARE * l2Bytes,
  );
}

/** Parameters: t0 in seconds, eb, and the seconds of a wave where the number of multiprocessors is known. */
export function decodeLaw(bytesPerS: number, multiprocessors: number | null): Law<AttentionRow> {
  return {
    name: 'decode attention',
    formula: `t0 + KV bytes / (bandwidth BW)${multiprocessors === null ? '' : ' + ceil(sequences KV heads / SMs) wave'}`,
    parameters: [
      { name: 't0', unit: 's', start: 1e-5, least: 0, correction: true, holdable: true },
      { name: 'bandwidth', unit: 'share', start: 0.9, greatest: 1 },
      ...(multiprocessors === null
        ? []
        : [{ name: 'wave', unit: 's', start: 1e-6, least: 0, correction: true, holdable: true } as const]),
    ],
    seconds(row, [t0, bandwidth, wave = 0]) {
      const waves = multiprocessors === null ? 0 : Math.ceil((row.sequences * row.kvHeads) / multiprocessors);
      return t0! + kvBytes(row) / (bytesPerS * bandwidth!) + waves * wave;
    },
    group: ({ heads, kvHeads, headDim }) => `${heads} / ${kvHeads} heads of ${headDim}`,
    groups: 'head layouts',
  };
}
