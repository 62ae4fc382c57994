/** The published drift along long outputs: mean emitted lengths by place in the output, in groups by output length. */
import { readFileSync } from 'node:fs';
import { csvRows } from '../../src/csv.ts';
import type { AcceptanceTrace } from '../../src/trace/trace.ts';

export type DriftMethod = 'ngram' | 'eagle3';

/** One group of fig. 6: requests of similar output length, and the mean in each tenth of the longest one's. */
export interface DriftGroup {
  readonly method: DriftMethod;
  readonly name: string;
  readonly requests: number;
  /** Output lengths of the group in tokens: from, inclusive, to, exclusive. */
  readonly range: readonly [number, number];
  /** Tokens in a bin. */
  readonly width: number;
  /** Mean emitted length of all rounds that start in the bin, one value a bin. */
  readonly means: readonly number[];
}

const RANGES: Readonly<Record<string, readonly [number, number]>> = {
  '<4K': [0, 4000],
  '4K-8K': [4000, 8000],
  '8K-13K': [8000, 13000],
  '>13K': [13000, Number.POSITIVE_INFINITY],
};
const METHODS: Readonly<Record<string, DriftMethod>> = { 'n-gram': 'ngram', 'EAGLE-3': 'eagle3' };

/** @param path columns figure, panel, model, dataset, method, length_group, n_requests, token_position, metric, value */
export function readDrift(path: string): DriftGroup[] {
  const found = new Map<
    string,
    { group: Omit<DriftGroup, 'means' | 'width'>; means: number[]; firstAt: number }
  >();
  for (const { cells } of csvRows(readFileSync(path, 'utf8'), path)) {
    const [, , , , label, name, requests, position, metric, value] = cells as string[];
    if (metric !== 'avg_gen_len') continue;
    const key = `${label} ${name}`;
    const method = METHODS[label!]!;
    const group = { method, name: name!, requests: Number(requests), range: RANGES[name!]! };
    const one = found.get(key) ?? { group, means: [], firstAt: Number(position) };
    one.means.push(Number(value));
    found.set(key, one);
  }
  // Bins are named by their middle, and the first begins at 0.
  return [...found.values()].map(({ group, means, firstAt }) => ({ ...group, width: 2 * firstAt, means }));
}

/** The means of the same group and bins; NaN where no sampled request of the group reaches a bin. */
export function driftOf(trace: AcceptanceTrace, { method, range, width, means }: DriftGroup): number[] {
  const { emitted, offsets } = trace.drafters.get(method)!;
  const totals = new Float64Array(means.length);
  const counts = new Float64Array(means.length);
  trace.outputTokens.forEach((tokens, r) => {
    if (tokens < range[0] || tokens >= range[1]) return;
    for (let position = 1; position < tokens; position++) {
      const bin = Math.min(Math.floor(position / width), means.length - 1);
      totals[bin]! += emitted[offsets[r]! + position]!;
      counts[bin]!++;
    }
  });
  return Array.from(totals, (total, bin) => total / counts[bin]!);
}
