/**
 * The roofline price of a forward pass (docs/physics.md, section 1). Everything that depends on the number
 * of tokens alone is kept in a table by token count, so that a step costs a few look-ups.
 *
 * Left out: tile and wave quantisation of GEMMs, attention kernels that do not split the KV cache, and
 * overlap of communication with computation.
 */
import type { HardwareProfile } from '../hardware/profile.ts';
import { Memo } from '../memo.ts';
import type { ContextRead, Gemm } from '../model/layer.ts';
import type { ForwardShape } from '../model/shape.ts';
import type { WeightFormat } from '../number-formats.ts';
import { FiguresByCount, placeOf } from './figures-by-count.ts';
import {
  DEFAULT_FAMILY,
  type ExpertRates,
  expertRates,
  type GemmRates,
  gemmRates,
  gemmSeconds,
} from './kernels.ts';
import { type PricedShape, pricedShape } from './priced-shape.ts';
import { Routing } from './routing.ts';
import type { PassWork } from './work.ts';

/** Counts below stand in pages. */
const DENSE = 2 ** 14;

/** Activations of small kernels reach this share of memory bandwidth (docs/physics.md, section 1). */
const ACTIVATION_BANDWIDTH_SHARE = 0.8;

/** A function of a count, computed once for each. */
class Table {
  readonly #known = new FiguresByCount(1);
  readonly #sparse = new Map<number, number>();
  readonly #compute: (count: number) => number;

  constructor(compute: (count: number) => number) {
    this.#compute = compute;
  }

  at(count: number): number {
    const index = count | 0;
    if (index === count && index < DENSE) {
      const known = this.#known.of(index)[placeOf(index, 1)]!;
      return Number.isNaN(known) ? this.#find(index) : known;
    }
    return this.#ofOthers(count);
  }

  #find(index: number): number {
    const value = this.#compute(index);
    this.#known.toSet(index)[placeOf(index, 1)] = value;
    return value;
  }

  #ofOthers(count: number): number {
    let value = this.#sparse.get(count);
    if (value === undefined) {
      value = this.#compute(count);
      this.#sparse.set(count, value);
    }
    return value;
  }
}

const PASSES = new Memo<ForwardPass>();
/** By experts: whatever runs them, they are visited alike. */
const ROUTINGS = new Memo<Routing>();

/**
 * The prices of a model's passes on one GPU of a tensor-parallel group, shared by all who ask for the same
 * objects, since they depend on nothing else.
 */
export function forwardPass(
  shape: ForwardShape,
  hardware: HardwareProfile,
  gpus: number,
  family: string,
): ForwardPass {
  return PASSES.get(
    [hardware, shape],
    `${gpus} ${family}`,
    () => new ForwardPass(shape, hardware, gpus, family),
  );
}

/**
 * What the fullest of some groups of GPUs has, of so many visits that fall on them at random: a mean and the deviation of
 * the largest of so many draws.
 *
 * @param most that there is, over all groups
 */
function fullest(visits: number, most: number, groups: number): number {
  if (groups === 1) return visits;
  const mean = visits / groups;
  const deviation = Math.sqrt(mean * (1 - visits / most));
  return Math.min(most / groups, mean + Math.sqrt(2 * Math.log(groups)) * deviation);
}

/** Pairs of the last `queries` of `context` tokens, each with the at most `window` tokens up to itself. */
function windowedPairs(queries: number, context: number, window: number): number {
  const short = Math.max(0, Math.min(queries, window - (context - queries)));
  return short * (context - queries) + (short * (short + 1)) / 2 + (queries - short) * window;
}

/** Prices passes of one model on one GPU of a tensor-parallel group. Seconds throughout. */
export class ForwardPass {
  readonly shape: PricedShape;
  readonly #hardware: HardwareProfile;
  readonly #gpus: number;
  readonly #family: string;
  readonly #experts: ExpertRates | null;
  readonly #routing: Routing | null;
  readonly #tokens: Table;
  readonly #firstPass: Table;
  readonly #rows: Table;
  readonly #kvBytesPerS: number;
  readonly #attentionFlopsPerS: number;
  /** What all layers that attend read, where they are alike and read all of their context; apart as V8 inlines short functions alone. */
  readonly #wholeContext: ContextRead | null;
  readonly #laws = new Map<WeightFormat, GemmRates>();

  /** @param family the engine whose kernels run */
  constructor(shape: ForwardShape, hardware: HardwareProfile, gpus: number, family = DEFAULT_FAMILY) {
    this.shape = pricedShape(shape);
    this.#hardware = hardware;
    this.#gpus = gpus;
    this.#family = family;
    this.#experts =
      shape.experts === null ? null : expertRates(hardware, shape.experts.gemms[0]!.format, family);
    const { experts } = shape;
    this.#routing = experts === null ? null : ROUTINGS.get([experts], null, () => new Routing(experts));
    const { specification: spec, efficiency } = hardware;
    this.#kvBytesPerS = spec.memoryBandwidthBytesPerS * efficiency.attention.bandwidth;
    this.#attentionFlopsPerS = spec.denseFlopsPerS.bf16 * efficiency.attention.flops;
    const [read, ...others] = shape.reads;
    const whole = read !== undefined && others.length === 0 && read.window === null && read.most === null;
    this.#wholeContext = whole ? read : null;
    this.#tokens = new Table((tokens) => this.#allTokens(tokens));
    this.#firstPass = new Table((tokens) => this.#gemmsS(shape.firstPassGemms, tokens));
    this.#rows = new Table((rows) => (rows === 0 ? 0 : this.#gemmsS([shape.lmHead], rows)));
  }

  /**
   * Matrix products, experts, all-reduces and activations of a pass, the output matrix left out.
   *
   * @param tokens with padding, which visits experts as further tokens of the sequences do; of one copy, if there are more
   */
  tokensS(tokens: number, sequences = tokens): number {
    const seconds = this.#tokens.at(tokens);
    if (this.#routing === null) return seconds;
    const { copies, exchanges } = this.shape;
    return (
      seconds +
      this.#expertsS(copies * tokens, copies * sequences) +
      (exchanges === 0 ? 0 : exchanges * this.#exchangeS(copies * tokens))
    );
  }

  /** What the first pass of a round adds for its `tokens` tokens (EAGLE-3's fusion). */
  firstPassS(tokens: number): number {
    return this.#firstPass.at(tokens);
  }

  /** The small head that runs once for each token of a block in turn (DSpark, Domino), over `rows` rows. */
  sequentialS(rows: number): number {
    return this.#gemmsS(this.shape.sequential, rows);
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
    const { stateBytes, stateFlopsPerToken } = this.shape;
    const whole = this.#wholeContext;
    if (whole === null) return this.#bentAttentionS(sequences, tokens, contextTokens, pairs, states, times);
    const bytes = stateBytes * (sequences + states) + times * contextTokens * whole.bytesPerToken;
    const flops = stateFlopsPerToken * tokens + pairs * whole.flopsPerPair;
    return Math.max(bytes / this.#kvBytesPerS, flops / this.#attentionFlopsPerS);
  }

  /** The same where a layer does not read all of its context, or layers of several kinds do. */
  #bentAttentionS(
    sequences: number,
    tokens: number,
    contextTokens: number,
    pairs: number,
    states: number,
    times: number,
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

  /** Attention of prompts, or chunks of them: each token sees those before it, or all of them. */
  promptAttentionS({ sequences, tokens, contextTokens, attentionPairs }: PassWork): number {
    const pairs = this.shape.bidirectional ? 2 * attentionPairs - tokens : attentionPairs;
    return this.attentionS(sequences, tokens, contextTokens, pairs);
  }

  #allTokens(tokens: number): number {
    const { shape } = this;
    const bandwidth = this.#hardware.specification.memoryBandwidthBytesPerS;
    const activations = (tokens * shape.activationBytesPerToken) / (ACTIVATION_BANDWIDTH_SHARE * bandwidth);
    const allReduces = shape.allReduces === 0 ? 0 : shape.allReduces * this.#allReduceS(tokens);
    return this.#gemmsS(shape.gemms, tokens) + activations + allReduces;
  }

  #gemmsS(gemms: readonly Gemm[], tokens: number): number {
    let seconds = 0;
    for (const gemm of gemms) seconds += gemm.count * this.#gemmS(gemm, tokens);
    return seconds;
  }

  #gemmS(gemm: Gemm, rows: number): number {
    return gemmSeconds(gemm, rows, this.#lawOf(gemm));
  }

  /** Routed experts: the weights of those visited, and every token's share of the FLOPs. */
  #expertsS(tokens: number, sequences: number): number {
    if (tokens === 0) return 0;
    const experts = this.shape.experts!;
    const rates = this.#experts!;
    const routing = this.#routing!;
    const independent = routing.independent(tokens, sequences);
    const { layers, count, perToken, groups, ffn, gemms } = experts;
    const distinct = fullest(routing.distinct(independent), count, groups);
    const visited = distinct * (Math.hypot(ffn, rates.sliver) / ffn);
    const visits = fullest(tokens * perToken, Number.POSITIVE_INFINITY, groups);
    let bytes = 0;
    let flops = 0;
    for (const { n, k, bytesPerWeight } of gemms) {
      bytes += visited * n * k * bytesPerWeight + 2 * visits * (n + k);
      flops += 2 * visits * n * k;
    }
    const fixedS = rates.fixedS + (count / groups) * rates.eachS;
    return layers * (fixedS + bytes / rates.bytesPerS + flops / rates.flopsPerS);
  }

  #lawOf({ format }: Gemm): GemmRates {
    let law = this.#laws.get(format);
    if (law === undefined) {
      law = gemmRates(this.#hardware, format, this.#family);
      this.#laws.set(format, law);
    }
    return law;
  }

  /** Tokens from all copies to all GPUs, and their sums back. */
  #exchangeS(tokens: number): number {
    const { exchange, allReduce } = this.#hardware.efficiency;
    const gpus = this.#gpus * this.shape.copies;
    // Without a law of its own it is an all-reduce, which moves as much.
    const law = [...exchange, ...allReduce].find((candidate) => candidate.gpus === gpus);
    if (law === undefined) throw new Error(`no law of an exchange among ${gpus} GPUs`);
    const bytes = tokens * this.shape.allReduceBytesPerToken;
    return Math.min(...law.lines.map((line) => line.latencyS + bytes / line.bytesPerS));
  }

  #allReduceS(tokens: number): number {
    const law = this.#hardware.efficiency.allReduce.find((candidate) => candidate.gpus === this.#gpus);
    if (law === undefined) throw new Error(`no all-reduce law for ${this.#gpus} GPUs`);
    const bytes = tokens * this.shape.allReduceBytesPerToken;
    return Math.min(...law.lines.map((line) => line.latencyS + bytes / line.bytesPerS));
  }
}
