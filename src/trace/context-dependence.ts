/**
 * How a recording's acceptance depends on the tokens before a draft: the share of the drafts tried that was accepted, by
 * context, as a product of a factor for the context, one for the place in the output and one for the depth of the draft.
 * Only prompts of different lengths tell context and drift along the output apart: contexts are compared where enough
 * requests go through the same part of the output all in the one and all in the other. Others have no factor.
 *
 * Intervals are of the choice of requests (bootstrap, wider for few of them), each for itself. Left out: that requests with longer prompts are of
 * other texts, which no recording without the same text at several lengths can tell.
 */
import { stream } from '../random/streams.ts';
import { wideningOfFew } from '../random/student.ts';
import { ContextCells, PARTS } from './context-cells.ts';
import type { Judged } from './judged.ts';

/** Contexts from `from` up to `below` tokens. */
export interface ContextBin {
  readonly from: number;
  readonly below: number;
  /** Of its drafts, the geometric mean. */
  readonly tokens: number;
  readonly requests: number;
  readonly tried: number;
  readonly accepted: number;
  /** Null where drift along the output is not told apart. */
  readonly factor: ContextFactor | null;
}

/**
 * How many times as many drafts are accepted as in the bin with most drafts, all else alike, in the mean over the drafts of
 * both, with its 95 % interval.
 */
export interface ContextFactor {
  readonly share: number;
  readonly lo: number;
  readonly hi: number;
  /** Standard error of its logarithm, of few requests as much wider as Student's t is than the normal's. */
  readonly error: number;
}

export interface ContextDependence {
  /** Ascending; those with a factor are neighbours. */
  readonly bins: readonly ContextBin[];
  /** Share of all tries that was accepted. */
  readonly acceptance: number;
}

/** A bin is of at least so many requests. */
const FEWEST = 20;
/** Requests that are in a bin all through a part of the output, for it to be compared there. */
const FEWEST_APART = 10;
const RESAMPLES = 200;

/** Null where nothing was tried. */
export function contextDependence(judged: Judged): ContextDependence | null {
  const edges = edgesOf(judged);
  if (edges.length < 2) return null;
  const cells = new ContextCells(judged, edges);
  const all = cells.sums(null);
  const totals = Array.from({ length: edges.length - 1 }, (_, c) => all.of(c));
  const tried = totals.reduce((sum, one) => sum + one.tried, 0);
  if (tried === 0) return null;
  const factors = factorsOf(
    cells,
    comparable(judged, edges, totals),
    totals.map((one) => one.tried),
  );
  return {
    acceptance: totals.reduce((sum, one) => sum + one.accepted, 0) / tried,
    bins: totals.map((of, c) => ({
      from: edges[c]!,
      below: edges[c + 1]!,
      tokens: Math.exp(of.logTokens / of.tried),
      requests: requestsIn(judged, edges[c]!, edges[c + 1]!),
      tried: of.tried,
      accepted: of.accepted,
      factor: factors[c]!,
    })),
  };
}

/** Factors of those bins that are compared with one another and have drafts, with intervals over requests drawn again. */
function factorsOf(
  cells: ContextCells,
  compared: readonly boolean[],
  tried: readonly number[],
): (ContextFactor | null)[] {
  if (!compared.includes(true)) return compared.map(() => null);
  const reference = tried.reduce(
    (best, n, c) => (compared[c] && (!compared[best] || n > tried[best]!) ? c : best),
    0,
  );
  const own = cells.sums(null).factors(compared, reference);
  const draw = stream(0, 'context dependence');
  const weights = new Int32Array(cells.requests);
  const resampled = Array.from({ length: RESAMPLES }, () => {
    weights.fill(0);
    for (let i = 0; i < cells.requests; i++) weights[Math.floor(draw() * cells.requests)]!++;
    return cells.sums(weights).factors(compared, reference);
  });
  const requests = cells.effectiveRequests();
  return compared.map((is, c) => {
    const share = own[c]!;
    if (!is || Number.isNaN(share)) return null;
    const drawn = Float64Array.from(resampled, (one) => Math.log(one[c]! / share));
    const logs = drawn.filter((log) => !Number.isNaN(log)).sort();
    const tail = Math.max(Math.round(0.025 * (logs.length + 1)), 1);
    const wider = wideningOfFew(requests[c]!, requests[reference]!);
    const at = (place: number) => share * Math.exp(wider * logs[place]!);
    return {
      share,
      lo: Math.min(share, at(tail - 1)),
      hi: Math.max(share, at(logs.length - tail)),
      error: wider * deviation(logs),
    };
  });
}

/** From the least context to one above the most: at powers of two with enough requests between them. */
function edgesOf(judged: Judged): number[] {
  let [least, most] = [Number.POSITIVE_INFINITY, 0];
  for (let r = 0; r < judged.requests; r++) {
    const [prompt, output] = [judged.promptTokens[r]!, judged.outputTokens[r]!];
    if (output < 2) continue;
    least = Math.min(least, prompt + 1);
    most = Math.max(most, prompt + output);
  }
  const edges = [least];
  for (let edge = 2 ** Math.ceil(Math.log2(least + 1)); edge < most; edge *= 2) {
    if (requestsIn(judged, edges.at(-1)!, edge) >= FEWEST) edges.push(edge);
  }
  while (edges.length > 1 && requestsIn(judged, edges.at(-1)!, most) < FEWEST) edges.pop();
  return most > least ? [...edges, most] : [];
}

/** Requests that draft with so many tokens before them. */
function requestsIn({ requests, promptTokens, outputTokens }: Judged, from: number, below: number): number {
  let count = 0;
  for (let r = 0; r < requests; r++) {
    if (promptTokens[r]! + 1 < below && promptTokens[r]! + outputTokens[r]! > from && outputTokens[r]! > 1)
      count++;
  }
  return count;
}

/** Of the runs of neighbours that can be compared, which bins are in the one with most drafts; none where it is one bin. */
function comparable(
  judged: Judged,
  edges: readonly number[],
  totals: readonly { tried: number }[],
): boolean[] {
  const bins = edges.length - 1;
  const counts = apart(judged, edges);
  let best: { from: number; upTo: number; tried: number } | null = null;
  for (let from = 0; from < bins; ) {
    let upTo = from + 1;
    const meets = (bin: number) =>
      PARTS.some((_, part) =>
        [bin - 1, bin].every((one) => counts[one * PARTS.length + part]! >= FEWEST_APART),
      );
    while (upTo < bins && meets(upTo)) upTo++;
    const tried = totals.slice(from, upTo).reduce((sum, one) => sum + one.tried, 0);
    if (upTo > from + 1 && (best === null || tried > best.tried)) best = { from, upTo, tried };
    from = upTo;
  }
  return totals.map((_, c) => best !== null && c >= best.from && c < best.upTo);
}

/** Requests that are in a bin all through a part of the output, by bin and part. */
function apart({ requests, promptTokens, outputTokens }: Judged, edges: readonly number[]): Int32Array {
  const counts = new Int32Array((edges.length - 1) * PARTS.length);
  for (let r = 0; r < requests; r++) {
    for (const [part, begins] of PARTS.entries()) {
      const from = Math.max(begins, 1);
      const below = Math.min(PARTS[part + 1] ?? Number.POSITIVE_INFINITY, outputTokens[r]!);
      if (below <= from) continue;
      const bin = binOf(edges, promptTokens[r]! + from);
      if (bin === binOf(edges, promptTokens[r]! + below - 1)) counts[bin * PARTS.length + part]!++;
    }
  }
  return counts;
}

function binOf(edges: readonly number[], context: number): number {
  let bin = 0;
  while (bin + 2 < edges.length && context >= edges[bin + 1]!) bin++;
  return bin;
}

function deviation(values: Float64Array): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return Math.sqrt(squares / (values.length - 1));
}
