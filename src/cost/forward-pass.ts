/**
 * The roofline price of a forward pass (docs/physics.md, section 1). Everything that depends on the number
 * of tokens alone is kept in a table by token count, so that a step costs a few look-ups.
 *
 * Left out: tile and wave quantisation of GEMMs, attention kernels that do not split the KV cache, and
 * overlap of communication with computation.
 */
import { classKernels } from '../hardware/defaults.ts';
import type { GemmEfficiency, HardwareProfile } from '../hardware/profile.ts';
import { Memo } from '../memo.ts';
import type { Gemm } from '../model/layer.ts';
import type { ForwardShape } from '../model/shape.ts';
import { FORMATS, type WeightFormat } from '../number-formats.ts';

/** Counts below stand in an array: steps that decode ask for most of them. Prompts ask for a few of the others. */
const DENSE = 1024;

/** Activations of small kernels reach this share of memory bandwidth (docs/physics.md, section 1). */
const ACTIVATION_BANDWIDTH_SHARE = 0.8;

/** A function of a count, computed once for each. */
class Table {
  readonly #dense = new Float64Array(DENSE).fill(Number.NaN);
  readonly #sparse = new Map<number, number>();
  readonly #compute: (count: number) => number;

  constructor(compute: (count: number) => number) {
    this.#compute = compute;
  }

  at(count: number): number {
    if (count < DENSE && Number.isInteger(count)) {
      const known = this.#dense[count]!;
      if (!Number.isNaN(known)) return known;
      const value = this.#compute(count);
      this.#dense[count] = value;
      return value;
    }
    let value = this.#sparse.get(count);
    if (value === undefined) {
      value = this.#compute(count);
      this.#sparse.set(count, value);
    }
    return value;
  }
}

/**
 * The smooth roofline: between the memory time and the compute time, the larger where they differ much.
 *
 * @param depthS the time that a block walks along the inner dimension, which no width shortens
 */
export function smoothRoofline(memoryS: number, computeS: number, corner: number, depthS = 0): number {
  const larger = Math.max(memoryS, computeS);
  if (larger === 0) return 0;
  const ratio = Math.min(memoryS, computeS) / larger;
  if (depthS === 0) return larger * (1 + ratio ** corner) ** (1 / corner);
  return larger * (1 + ratio ** corner + (depthS / larger) ** corner) ** (1 / corner);
}

/** What products in a format reach on a GPU: the law of its efficiency, with the peaks in it. */
export interface GemmRates {
  readonly bytesPerS: number;
  readonly flopsPerS: number;
  readonly corner: number;
  readonly depthS: number;
}

/** The rates of a format on a GPU; where it lacks the arithmetic, weights are read as such and multiplied in bf16. */
export function gemmRates(hardware: HardwareProfile, format: WeightFormat): GemmRates {
  return ratesOf(hardware, format, lawsOf(hardware, format)[0]!);
}

/** One product over `rows` rows, its weights read `copies` times. */
export function gemmSeconds(gemm: Gemm, rows: number, law: GemmRates, copies = 1): number {
  const weightBytes = copies * gemm.n * gemm.k * gemm.bytesPerWeight;
  return smoothRoofline(
    (weightBytes + 2 * rows * (gemm.n + gemm.k)) / law.bytesPerS,
    (2 * rows * gemm.n * gemm.k) / law.flopsPerS,
    law.corner,
    gemm.k * law.depthS,
  );
}

/** The same under every kernel that is known, the one that is priced first. */
export function knownRates(hardware: HardwareProfile, format: WeightFormat): GemmRates[] {
  return lawsOf(hardware, format).map((law) => ratesOf(hardware, format, law));
}

function lawsOf({ specification, efficiency }: HardwareProfile, format: WeightFormat): GemmEfficiency[] {
  const { gemm, kernels } = efficiency;
  const own = kernels.filter((one) => one.format === format);
  const others = own.length > 0 ? own : classKernels.filter((one) => one.format === format);
  if (format === 'bf16') return [gemm.bf16];
  if (format !== 'fp8') return others;
  return specification.denseFlopsPerS.fp8 === undefined ? [gemm.bf16] : [gemm.fp8, ...others];
}

function ratesOf(
  { specification: spec, efficiency }: HardwareProfile,
  format: WeightFormat,
  law: GemmEfficiency,
): GemmRates {
  const rate = spec.denseFlopsPerS[FORMATS[format].compute];
  const { bf16 } = efficiency.gemm;
  return {
    bytesPerS: spec.memoryBandwidthBytesPerS * law.bandwidth,
    flopsPerS: rate === undefined ? spec.denseFlopsPerS.bf16 * bf16.flops : rate * law.flops,
    corner: law.corner,
    depthS: law.depthS ?? 0,
  };
}

/** Distinct experts that `tokens` tokens visit in one layer, routed independently: E (1 - (1 - K/E)^m). */
export function activatedExperts(count: number, perToken: number, tokens: number): number {
  return count * (1 - (1 - perToken / count) ** tokens);
}

const PASSES = new Memo<ForwardPass>();

/**
 * The prices of a model's passes on one GPU of a tensor-parallel group, shared by all who ask for the same
 * objects, since they depend on nothing else.
 */
export function forwardPass(shape: ForwardShape, hardware: HardwareProfile, gpus: number): ForwardPass {
  return PASSES.get([hardware, shape], gpus, () => new ForwardPass(shape, hardware, gpus));
}

/** Pairs of the last `queries` of `context` tokens, each with the at most `window` tokens up to itself. */
function windowedPairs(queries: number, context: number, window: number): number {
  const short = Math.max(0, Math.min(queries, window - (context - queries)));
  return short * (context - queries) + (short * (short + 1)) / 2 + (queries - short) * window;
}

/** Prices passes of one model on one GPU of a tensor-parallel group. Seconds throughout. */
export class ForwardPass {
  readonly shape: ForwardShape;
  readonly #hardware: HardwareProfile;
  readonly #gpus: number;
  readonly #tokens: Table;
  readonly #firstPass: Table;
  readonly #rows: Table;
  readonly #kvBytesPerS: number;
  readonly #attentionFlopsPerS: number;
  readonly #laws = new Map<WeightFormat, GemmRates>();

  constructor(shape: ForwardShape, hardware: HardwareProfile, gpus: number) {
    this.shape = shape;
    this.#hardware = hardware;
    this.#gpus = gpus;
    const { specification: spec, efficiency } = hardware;
    this.#kvBytesPerS = spec.memoryBandwidthBytesPerS * efficiency.attention.bandwidth;
    this.#attentionFlopsPerS = spec.denseFlopsPerS.bf16 * efficiency.attention.flops;
    this.#tokens = new Table((tokens) => this.#allTokens(tokens));
    this.#firstPass = new Table((tokens) => this.#gemmsS(shape.firstPassGemms, tokens));
    this.#rows = new Table((rows) => (rows === 0 ? 0 : this.#gemmsS([shape.lmHead], rows)));
  }

  /** Matrix products, all-reduces and activations of a pass over `tokens` tokens, the output matrix left out. */
  tokensS(tokens: number): number {
    return this.#tokens.at(tokens);
  }

  /** What the first pass of a round adds for its `tokens` tokens (EAGLE-3's fusion). */
  firstPassS(tokens: number): number {
    return this.#firstPass.at(tokens);
  }

  /** The output matrix over `rows` rows. */
  logitsS(rows: number): number {
    return this.#rows.at(rows);
  }

  /**
   * Attention of a pass and updates of states: bytes of KV cache and states against FLOPs, whichever takes longer.
   *
   * Layers with a sliding window read at most the window before their first query token, and every query token
   * attends to at most a window; layers with an index attend to at most so many tokens, each query its own. All
   * sequences are taken to be of the mean length.
   *
   * @param tokens query tokens, over all sequences
   * @param contextTokens tokens of KV cache, the query tokens included, over all sequences
   * @param pairs of a query and a context token, over all sequences
   * @param states that are written: one a sequence, or, where drafts may be rejected, one a token
   * @param times how often the KV cache is read
   */
  attentionS(
    sequences: number,
    tokens: number,
    contextTokens: number,
    pairs: number,
    states = sequences,
    times = 1,
  ): number {
    const { reads, stateBytes, stateFlopsPerToken } = this.shape;
    let bytes = stateBytes * (sequences + states);
    let flops = stateFlopsPerToken * tokens;
    for (const { bytesPerToken, flopsPerPair, window, most } of reads) {
      let seenTokens = contextTokens;
      let seenPairs = pairs;
      if (window !== null && contextTokens > sequences * window) {
        seenTokens = Math.min(contextTokens, sequences * (window - 1) + tokens);
        const inWindow = windowedPairs(tokens / sequences, contextTokens / sequences, window);
        seenPairs = Math.min(pairs, sequences * inWindow);
      }
      if (most !== null) {
        seenTokens = Math.min(seenTokens, tokens * most);
        seenPairs = Math.min(seenPairs, tokens * most);
      }
      bytes += times * seenTokens * bytesPerToken;
      flops += seenPairs * flopsPerPair;
    }
    return Math.max(bytes / this.#kvBytesPerS, flops / this.#attentionFlopsPerS);
  }

  #allTokens(tokens: number): number {
    const { shape } = this;
    const bandwidth = this.#hardware.specification.memoryBandwidthBytesPerS;
    const activations = (tokens * shape.activationBytesPerToken) / (ACTIVATION_BANDWIDTH_SHARE * bandwidth);
    const allReduces = shape.allReduces === 0 ? 0 : shape.allReduces * this.#allReduceS(tokens);
    return this.#gemmsS(shape.gemms, tokens) + this.#expertsS(tokens) + activations + allReduces;
  }

  #gemmsS(gemms: readonly Gemm[], tokens: number): number {
    let seconds = 0;
    for (const gemm of gemms) seconds += gemm.count * this.#gemmS(gemm, tokens);
    return seconds;
  }

  #gemmS(gemm: Gemm, rows: number, copies = 1): number {
    return gemmSeconds(gemm, rows, this.#lawOf(gemm), copies);
  }

  /** Routed experts: the weights of those visited, and every token's share of the FLOPs. */
  #expertsS(tokens: number): number {
    const { experts } = this.shape;
    if (experts === null) return 0;
    const visited = activatedExperts(experts.count, experts.perToken, tokens);
    const visits = tokens * experts.perToken;
    let seconds = 0;
    for (const gemm of experts.gemms) seconds += this.#gemmS(gemm, visits, visited);
    return experts.layers * seconds;
  }

  #lawOf({ format }: Gemm): GemmRates {
    let law = this.#laws.get(format);
    if (law === undefined) {
      law = gemmRates(this.#hardware, format);
      this.#laws.set(format, law);
    }
    return law;
  }

  #allReduceS(tokens: number): number {
    const law = this.#hardware.efficiency.allReduce.find((candidate) => candidate.gpus === this.#gpus);
    if (law === undefined) throw new Error(`no all-reduce law for ${this.#gpus} GPUs`);
    const bytes = tokens * this.shape.allReduceBytesPerToken;
    return Math.min(...law.lines.map((line) => line.latencyS + bytes / line.bytesPerS));
  }
}
