/**
 * The product that acceptance by context is fitted as: a factor for the context, one for the part of the output and one for
 * the depth of the draft. Contexts have a factor every quarter of a power of two, and a bin has the mean of its drafts': with
 * one factor a bin, what falls within it would be taken for drift along the output, as later drafts are behind more tokens.
 */
import type { Judged } from './judged.ts';

/** Where parts of the output begin, in tokens. */
export const PARTS = [0, 32, 128, 512, 2048];
/** Depths with a factor of their own; deeper drafts share the last. */
const DEPTHS = 8;
/** Contexts with a factor of their own, of each power of two. */
const STEPS = 4;
const ROUNDS_OF_FIT = 12;
const WIDTH = PARTS.length * DEPTHS;

/** Tries and acceptances of every request, by context, part of the output and depth. */
export class ContextCells {
  readonly requests: number;
  readonly #edges: readonly number[];
  /** Of request r, entries `begins[r]` to `begins[r + 1]`. */
  readonly #begins: Int32Array;
  readonly #cell: number[] = [];
  readonly #tried: number[] = [];
  readonly #accepted: number[] = [];
  readonly #logTokens: number[] = [];
  readonly #steps: number;
  readonly #firstStep: number;

  /** @param edges of bins, at powers of two between the first and the last */
  constructor(judged: Judged, edges: readonly number[]) {
    this.requests = judged.requests;
    this.#edges = edges;
    this.#begins = new Int32Array(judged.requests + 1);
    this.#firstStep = stepOf(edges[0]!);
    this.#steps = stepOf(edges.at(-1)!) - this.#firstStep + 1;
    const cells = this.#steps * WIDTH;
    const [tried, accepted, logTokens] = [0, 0, 0].map(() => new Float64Array(cells)) as [
      Float64Array,
      Float64Array,
      Float64Array,
    ];
    const touched: number[] = [];
    let current = 0;
    const close = (next: number) => {
      for (const cell of touched) {
        this.#cell.push(cell);
        this.#tried.push(tried[cell]!);
        this.#accepted.push(accepted[cell]!);
        this.#logTokens.push(logTokens[cell]!);
        for (const sums of [tried, accepted, logTokens]) sums[cell] = 0;
      }
      touched.length = 0;
      for (; current < next; current++) this.#begins[current + 1] = this.#cell.length;
    };
    judged.each((request, position, kept, drafts) => {
      if (request !== current) close(request);
      for (let d = 0; d < drafts; d++) {
        const context = judged.promptTokens[request]! + position + d;
        const step = stepOf(context) - this.#firstStep;
        const cell = (step * PARTS.length + partOf(position + d)) * DEPTHS + Math.min(d, DEPTHS - 1);
        if (tried[cell] === 0) touched.push(cell);
        tried[cell]!++;
        if (d < kept) accepted[cell]!++;
        logTokens[cell]! += Math.log(context);
      }
    });
    close(judged.requests);
  }

  /** @param weights how often each request counts; once where null */
  sums(weights: Int32Array | null): ContextSums {
    const sums = new ContextSums(this.#binOfSteps());
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

  /** Requests of equal size that a bin's drafts are as sure as, by bin (Kish): those with few drafts in it hardly count. */
  effectiveRequests(): Float64Array {
    const bins = this.#edges.length - 1;
    const [sums, squares] = [new Float64Array(bins), new Float64Array(bins)];
    const binOf = this.#binOfSteps();
    for (let r = 0; r + 1 < this.#begins.length; r++) {
      const own = new Float64Array(bins);
      for (let i = this.#begins[r]!; i < this.#begins[r + 1]!; i++)
        own[binOf[Math.floor(this.#cell[i]! / WIDTH)]!]! += this.#tried[i]!;
      for (let c = 0; c < bins; c++) {
        sums[c]! += own[c]!;
        squares[c]! += own[c]! ** 2;
      }
    }
    return sums.map((sum, c) => sum ** 2 / squares[c]!);
  }

  #binOfSteps(): Int32Array {
    const inner = this.#edges.slice(1, -1).map(stepOf);
    return Int32Array.from(
      { length: this.#steps },
      (_, step) => inner.filter((edge) => step + this.#firstStep >= edge).length,
    );
  }
}

/** Sums over requests, by step of the context, part of the output and depth. */
export class ContextSums {
  readonly tried: Float64Array;
  readonly accepted: Float64Array;
  readonly logTokens: Float64Array;
  readonly #binOf: Int32Array;

  /** @param binOf by step */
  constructor(binOf: Int32Array) {
    const cells = binOf.length * WIDTH;
    this.#binOf = binOf;
    this.tried = new Float64Array(cells);
    this.accepted = new Float64Array(cells);
    this.logTokens = new Float64Array(cells);
  }

  of(bin: number): { tried: number; accepted: number; logTokens: number } {
    const begin = this.#binOf.indexOf(bin) * WIDTH;
    const end = (this.#binOf.lastIndexOf(bin) + 1) * WIDTH;
    const sum = (of: Float64Array) => of.subarray(begin, end).reduce((total, one) => total + one, 0);
    return { tried: sum(this.tried), accepted: sum(this.accepted), logTokens: sum(this.logTokens) };
  }

  /**
   * Of each of the compared bins over the reference's, the mean over its drafts, NaN where either has none: those with which every margin of the
   * acceptances is met (iterative proportional fitting, which is the Poisson likelihood's maximum).
   */
  factors(compared: readonly boolean[], reference: number): Float64Array {
    const known = this.#known(compared);
    const levels = [this.#binOf.length, PARTS.length, DEPTHS].map((n) => new Float64Array(n).fill(1));
    for (let round = 0; round < ROUNDS_OF_FIT; round++) {
      for (const margin of [2, 1, 0]) this.#meet(levels, margin, known);
    }
    const [tried, sums] = [new Float64Array(compared.length), new Float64Array(compared.length)];
    for (const cell of known) {
      const step = Math.floor(cell / WIDTH);
      tried[this.#binOf[step]!]! += this.tried[cell]!;
      sums[this.#binOf[step]!]! += this.tried[cell]! * levels[0]![step]!;
    }
    const means = sums.map((sum, c) => Math.max(sum / tried[c]!, Number.MIN_VALUE));
    return means.map((mean) => mean / means[reference]!);
  }

  /** Cells of compared bins in which something was tried. */
  #known(compared: readonly boolean[]): Int32Array {
    const known: number[] = [];
    for (let cell = 0; cell < this.tried.length; cell++) {
      if (this.tried[cell]! > 0 && compared[this.#binOf[Math.floor(cell / WIDTH)]!]) known.push(cell);
    }
    return Int32Array.from(known);
  }

  #meet(levels: readonly Float64Array[], margin: number, known: Int32Array): void {
    const [contexts, parts, depths] = levels as [Float64Array, Float64Array, Float64Array];
    const own = levels[margin]!;
    const [expected, seen] = [new Float64Array(own.length), new Float64Array(own.length)];
    for (let i = 0; i < known.length; i++) {
      const cell = known[i]!;
      const depth = cell % DEPTHS;
      const part = ((cell - depth) / DEPTHS) % PARTS.length;
      const step = Math.floor(cell / WIDTH);
      const level = margin === 0 ? step : margin === 1 ? part : depth;
      expected[level]! += this.tried[cell]! * contexts[step]! * parts[part]! * depths[depth]!;
      seen[level]! += this.accepted[cell]!;
    }
    for (let level = 0; level < own.length; level++) {
      if (expected[level]! > 0) own[level]! *= seen[level]! / expected[level]!;
    }
  }
}

function stepOf(context: number): number {
  return Math.floor(STEPS * Math.log2(context));
}

function partOf(position: number): number {
  let part = 0;
  while (part + 1 < PARTS.length && position >= PARTS[part + 1]!) part++;
  return part;
}
