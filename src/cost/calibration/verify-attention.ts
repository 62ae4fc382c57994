/**
 * Laws of attention with several query tokens a sequence. Kernels that split the KV cache between thread blocks
 * read it once and keep the decode law until FLOPs bind; kernels that do not walk it once for every tile of 64
 * query tokens and head, a wave of tiles at a time.
 */
import type { Law, LawParameter } from './law.ts';
import { type AttentionRow, kvBytes } from './rows.ts';

/** Query tokens one thread block works on. */
const TILE = 64;

/** Shorter contexts are launches. */
const LEAST_CONTEXT = 512;

/** Nothing verifies more drafts of one sequence than one tile holds; longer chunks are prompts. */
const MOST_QUERY_TOKENS = TILE;

const T0: LawParameter = { name: 't0', unit: 's', start: 1e-5, least: 0, correction: true, holdable: true };

/** Rows with as many query tokens as a verification has, and enough context to tell. */
export function verifyRows(rows: readonly AttentionRow[]): AttentionRow[] {
  return rows.filter(
    (row) =>
      row.queryTokens > 1 &&
      row.queryTokens <= MOST_QUERY_TOKENS &&
      row.kvDtype === 'bf16' &&
      row.window === null &&
      row.contextTokens >= LEAST_CONTEXT,
  );
}

/** Context tokens a query token attends to on average, causally. */
function meanContext({ contextTokens, queryTokens }: AttentionRow): number {
  return contextTokens - (queryTokens - 1) / 2;
}

/** FLOPs of attention: scores and sums, 4 headDim for each pair of a query and a context token and head. */
function attentionFlops(row: AttentionRow): number {
  return 4 * row.sequences * row.heads * row.headDim * row.queryTokens * meanContext(row);
}

/**
 * t0 + max(KV bytes / (eb BW), F / (ef FLOPS)), both rates those that kernels reach: parameter t0 in seconds.
 * So few query tokens seldom reach the rate of FLOPs, so that it is given and not fitted.
 */
export function splitLaw(bytesPerS: number, flopsPerS: number): Law<AttentionRow> {
  return {
    name: 'verify attention, KV split',
    formula: 't0 + max(KV bytes / (decode bandwidth BW), F / (prefill flops FLOPS))',
    parameters: [T0],
    seconds: (row, [t0]) => t0! + Math.max(kvBytes(row) / bytesPerS, attentionFlops(row) / flopsPerS),
    ...BY_QUERY_TOKENS,
  };
}

/** t0 + ceil(sequences heads ceil(q / 64) / SMs) x context x tau; parameters: t0 in seconds, tau in seconds. */
export function unsplitLaw(multiprocessors: number): Law<AttentionRow> {
  return {
    name: 'verify attention, KV not split',
    formula: 't0 + ceil(sequences heads ceil(q / 64) / SMs) context tau',
    parameters: [T0, { name: 'tau', unit: 's', start: 2.5e-8 }],
    seconds(row, [t0, tau]) {
      const tiles = row.sequences * row.heads * Math.ceil(row.queryTokens / TILE);
      return t0! + Math.ceil(tiles / multiprocessors) * meanContext(row) * tau!;
    },
    ...BY_QUERY_TOKENS,
  };
}

/** The share of peak that full waves of tiles reach: all multiprocessors work on a tile for tau a context token. */
export function flopsOfTau(tau: number, headDim: number, multiprocessors: number, flopsPerS: number): number {
  return (multiprocessors * 4 * TILE * headDim) / (tau * flopsPerS);
}

const BY_QUERY_TOKENS = {
  group: (row: AttentionRow) => `${row.queryTokens} query tokens`,
  groups: 'numbers of query tokens',
};
