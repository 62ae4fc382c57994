/**
 * How a recording's acceptance depends on the tokens before a draft: the share of the drafts tried that was accepted, by
 * context, as a product of a factor for the context, one for the place in the output and one for the depth of the draft.
 * Only prompts of different lengths tell context and drift along the output apart: contexts are compared where enough
 * requests go through the same part of the output all in the one and all in the other. Others have no factor.
 *
 * Intervals are of the choice of requests (bootstrap), each for itself. Left out: that requests with longer prompts are of
 * other texts, which no recording without the same text at several lengths can tell.
 */
import { stream } from '../random/streams.ts';
import type { Steps } from './record.ts';
import type { PositionLengths } from './trace.ts';

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

/** How many times as many drafts are accepted as in the bin with most drafts, all else alike, with its 95 % interval. */
export interface ContextFactor {
  readonly share: number;
  readonly lo: number;
  readonly hi: number;
  /** Standard error of its logarithm. */
  readonly error: number;
}

export interface ContextDependence {
  /** Ascending; those with a factor are neighbours. */
  readonly bins: readonly ContextBin[];
  /** Share of all tries that was accepted. */
  readonly acceptance: number;
}

/** Drafts that were judged, round by round: of a request, of the round that starts there. */
export interface Judged {
  readonly requests: number;
  /** Tokens of prompt, and of output. */
  readonly promptTokens: ArrayLike<number>;
  readonly outputTokens: ArrayLike<number>;
  each(visit: (request: number, position: number, accepted: number, tried: number) => void): void;
}

/** A bin is of at least so many requests. */
const FEWEST = 20;
/** Requests that are in a bin all through a part of the output, for it to be compared there. */
const FEWEST_APART = 10;
/** Where parts of the output begin, in tokens. */
const PARTS = [0, 32, 128, 512, 2048];
/** Depths with a factor of their own; deeper drafts share the last. */
const DEPTHS = 8;
const RESAMPLES = 200;
const ROUNDS_OF_FIT = 12;

/** Of lengths by position: every position starts a round. */
export function judgedAt(lengths: PositionLengths, promptTokens: Int32Array): Judged {
  const { offsets, emitted, proposed, maxK } = lengths;
  const requests = offsets.length - 1;
  return {
    requests,
    promptTokens,
    outputTokens: Int32Array.from({ length: requests }, (_, r) => offsets[r + 1]! - offsets[r]!),
    each(visit) {
      for (let r = 0; r < requests; r++) {
        const end = offsets[r + 1]!;
        for (let at = offsets[r]! + 1; at < end; at++) {
          const drafted = Math.min(proposed instanceof Uint8Array ? proposed[at]! : maxK, end - at);
          const accepted = Math.min(emitted[at]! - 1, drafted);
          visit(r, at - offsets[r]!, accepted, Math.min(accepted + 1, drafted));
        }
      }
    },
  };
}

/** Of rounds that ran. */
export function judgedIn(steps: Steps, promptTokens: Int32Array): Judged {
  const { offsets, emitted, proposed, maxK, outputTokens } = steps;
  const requests = offsets.length - 1;
  return {
    requests,
    promptTokens,
    outputTokens,
    each(visit) {
      for (let r = 0; r < requests; r++) {
        let position = 1;
        for (let i = offsets[r]!; i < offsets[r + 1]!; i++) {
          const drafted = Math.min(proposed?.[i] ?? maxK, Math.max(outputTokens[r]! - position, 0));
          const accepted = Math.min(emitted[i]! - 1, drafted);
          visit(r, position, accepted, Math.min(accepted + 1, drafted));
          position += emitted[i]!;
        }
      }
    },
  };
}

/** Null where nothing was tried. */
export function contextDependence(judged: Judged): ContextDependence | null {
  const edges = edgesOf(judged);
  if (edges.length < 2) return null;
  const cells = new Cells(judged, edges);
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

/** Factors of those bins that are compared with one another, with intervals over requests drawn again. */
function factorsOf(
  cells: Cells,
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
  return compared.map((is, c) => {
    if (!is) return null;
    const logs = Float64Array.from(resampled, (one) => Math.log(one[c]!)).sort();
    const mean = logs.reduce((sum, log) => sum + log, 0) / RESAMPLES;
    const variance = logs.reduce((sum, log) => sum + (log - mean) ** 2, 0) / (RESAMPLES - 1);
    const at = (share: number) => Math.exp(logs[Math.round(share * (RESAMPLES - 1))]!);
    return {
      share: own[c]!,
      lo: Math.min(own[c]!, at(0.025)),
      hi: Math.max(own[c]!, at(0.975)),
      error: Math.sqrt(variance),
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

function partOf(position: number): number {
  let part = 0;
  while (part + 1 < PARTS.length && position >= PARTS[part + 1]!) part++;
  return part;
}

/** Tries and acceptances of every request, by context, part of the output and depth. */
class Cells {
  readonly requests: number;
  readonly #bins: number;
  /** Of request r, entries `begins[r]` to `begins[r + 1]`. */
  readonly #begins: Int32Array;
  readonly #cell: number[] = [];
  readonly #tried: number[] = [];
  readonly #accepted: number[] = [];
  readonly #logTokens: number[] = [];

  constructor(judged: Judged, edges: readonly number[]) {
    this.requests = judged.requests;
    this.#bins = edges.length - 1;
    this.#begins = new Int32Array(judged.requests + 1);
    const cells = this.#bins * PARTS.length * DEPTHS;
    const [tried, accepted, logTokens] = [0, 0, 0].map(() => new Float64Array(cells)) as [
      Float64Array,
      Float64Array,
      Float64Array,
    ];
    let current = 0;
    const close = (next: number) => {
      for (let cell = 0; cell < cells; cell++) {
        if (tried[cell] === 0) continue;
        this.#cell.push(cell);
        this.#tried.push(tried[cell]!);
        this.#accepted.push(accepted[cell]!);
        this.#logTokens.push(logTokens[cell]!);
      }
      for (const sums of [tried, accepted, logTokens]) sums.fill(0);
      for (; current < next; current++) this.#begins[current + 1] = this.#cell.length;
    };
    judged.each((request, position, kept, drafts) => {
      if (request !== current) close(request);
      for (let d = 0; d < drafts; d++) {
        const context = judged.promptTokens[request]! + position + d;
        const bin = binOf(edges, context);
        const cell = (bin * PARTS.length + partOf(position + d)) * DEPTHS + Math.min(d, DEPTHS - 1);
        tried[cell]!++;
        if (d < kept) accepted[cell]!++;
        logTokens[cell]! += Math.log(context);
      }
    });
    close(judged.requests);
  }

  /** @param weights how often each request counts; once where null */
  sums(weights: Int32Array | null): Sums {
    const sums = new Sums(this.#bins);
    for (let r = 0; r + 1 < this.#begins.length; r++) {
      const weight = weights === null ? 1 : weights[r]!;
      if (weight === 0) continue;
      for (let i = this.#begins[r]!; i < this.#begins[r + 1]!; i++) {
        const cell = this.#cell[i]!;
        sums.tried[cell]! += weight * this.#tried[i]!;
        sums.accepted[cell]! += weight * this.#accepted[i]!;
        sums.logTokens[cell]! += weight * this.#logTokens[i]!;
      }
    }
    return sums;
  }
}

class Sums {
  readonly tried: Float64Array;
  readonly accepted: Float64Array;
  readonly logTokens: Float64Array;
  readonly #bins: number;

  constructor(bins: number) {
    const cells = bins * PARTS.length * DEPTHS;
    this.#bins = bins;
    this.tried = new Float64Array(cells);
    this.accepted = new Float64Array(cells);
    this.logTokens = new Float64Array(cells);
  }

  of(bin: number): { tried: number; accepted: number; logTokens: number } {
    const width = PARTS.length * DEPTHS;
    const sum = (of: Float64Array) =>
      of.subarray(bin * width, (bin + 1) * width).reduce((total, one) => total + one, 0);
    return { tried: sum(this.tried), accepted: sum(this.accepted), logTokens: sum(this.logTokens) };
  }

  /**
   * Of each of the compared contexts over the reference's: those with which every margin of the acceptances is met (iterative
   * proportional fitting, which is the Poisson likelihood's maximum).
   */
  factors(compared: readonly boolean[], reference: number): Float64Array {
    const factors = [new Float64Array(this.#bins), new Float64Array(PARTS.length), new Float64Array(DEPTHS)];
    for (const of of factors) of.fill(1);
    for (let round = 0; round < ROUNDS_OF_FIT; round++) {
      for (const margin of [2, 1, 0]) this.#meet(factors, margin, compared);
    }
    const [contexts] = factors;
    return contexts!.map((one) => Math.max(one, Number.MIN_VALUE) / contexts![reference]!);
  }

  #meet(factors: readonly Float64Array[], margin: number, compared: readonly boolean[]): void {
    const [contexts, parts, depths] = factors as [Float64Array, Float64Array, Float64Array];
    const own = factors[margin]!;
    const [expected, seen] = [new Float64Array(own.length), new Float64Array(own.length)];
    for (let c = 0, cell = 0; c < contexts.length; c++) {
      for (let u = 0; u < PARTS.length; u++) {
        for (let d = 0; d < DEPTHS; d++, cell++) {
          if (this.tried[cell] === 0 || !compared[c]) continue;
          const level = [c, u, d][margin]!;
          expected[level]! += this.tried[cell]! * contexts[c]! * parts[u]! * depths[d]!;
          seen[level]! += this.accepted[cell]!;
        }
      }
    }
    for (let level = 0; level < own.length; level++) {
      if (expected[level]! > 0) own[level]! *= seen[level]! / expected[level]!;
    }
  }
}
