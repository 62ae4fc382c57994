/**
 * Which of a drafter's choices the target's token is: what a tree of drafts needs to know beyond a chain. Either it was
 * recorded, or it is assumed: where the first choice is right is known from a recording of chains, and of the tokens it
 * misses the second choice catches a share, the third another (`MissCapture`), whatever the text. Each token has one
 * coin whatever the tree is, so that a larger tree never accepts less.
 *
 * Left out: that a token is easier for the second choice where the first was nearly right.
 */
import { UserError } from '../errors.ts';
import { stream } from '../random/streams.ts';
import { acceptedAtLeast } from './statistics.ts';
import { rankBegins, type TokenRanks } from './token-ranks.ts';
import type { PositionLengths } from './trace.ts';

/** Element `[j][i]`: share of the tokens missed at depth j + 1 that the choice of rank i + 2 is; the last row holds deeper down. */
export type MissCapture = readonly (readonly number[])[];

/**
 * Draft models and EAGLE heads: between Sequoia's vector of a small Llama (.295 .156 .061 .053) and Medusa's first head
 * (.253 to .282, .123 to .129, .075 to .085, .046 to .061); ranks beyond the fifth go on falling. Plausible within a quarter.
 */
export const DRAFT_MODEL_CAPTURE: MissCapture = [[0.27, 0.14, 0.07, 0.045, 0.03, 0.02, 0.015, 0.01]];

/** Medusa's heads: means of Vicuna 7B, 13B and 33B (FasterDecoding/Medusa, medusa_acc.csv); later heads as the third. */
export const MEDUSA_CAPTURE: MissCapture = [
  [0.27, 0.126, 0.081, 0.055],
  [0.162, 0.095, 0.062, 0.048],
  [0.117, 0.073, 0.051, 0.039],
];

/** Reads `.27,.14,.07`, one row of shares for all depths, or rows with `/` between them. */
export function parseMissCapture(text: string, where: string): MissCapture {
  return text.split('/').map((row) => {
    const shares = row.split(',').map((share) => (share.trim() === '' ? Number.NaN : Number(share)));
    const wrong = shares.find((share) => !(share >= 0 && share <= 1));
    const sum = shares.reduce((total, share) => total + share, 0);
    if (wrong !== undefined || sum > 1 + 1e-9) {
      throw new UserError(
        `${where}: got ${JSON.stringify(text)}, expected shares of the missed tokens that the second choice, the third, ... are, together at most 1, such as 0.27,0.14,0.07; rows by depth with / between them`,
      );
    }
    return shares;
  });
}

/** Shares that are so many times as large, as far as they stay shares. */
export function timesCapture(capture: MissCapture, factor: number): MissCapture {
  return capture.map((row) => {
    const sum = row.reduce((total, share) => total + share, 0);
    return row.map((share) => share * Math.min(factor, 1 / sum));
  });
}

/** The ranks of the tokens behind each position. */
export interface Ranks {
  /**
   * Calls `take` with the rank of the target's token at depth 1, 2, ... behind flat position `at`, until it answers
   * false, the token is none of the choices, or nothing more is known.
   */
  follow(at: number, end: number, take: (rank: number) => boolean): void;
}

/** Ranks as they were recorded. */
export class RecordedRanks implements Ranks {
  readonly #ranks: Uint8Array;
  readonly #begins: Int32Array;

  constructor({ list }: TokenRanks, positions: number, maxK: number) {
    this.#ranks = list;
    this.#begins = rankBegins(list, positions, maxK);
  }

  follow(at: number, end: number, take: (rank: number) => boolean): void {
    const upTo = Math.min(this.#begins[at + 1]!, this.#begins[at]! + end - at);
    for (let i = this.#begins[at]!; i < upTo; i++)
      if (this.#ranks[i]! === 0 || !take(this.#ranks[i]!)) return;
  }
}

/** Ranks of a chain recording with a stated share of misses that later choices catch. */
export class AssumedRanks implements Ranks {
  readonly #lengths: PositionLengths;
  readonly #capture: MissCapture;
  /** Element i: chance that draft i + 1 of a chain is right where those before it are. */
  readonly #hazards: Float64Array;
  /** Of every token: which choice it is where the first misses, and whether a draft deeper down than recorded is right. */
  readonly #rankCoins: Float64Array;
  readonly #depthCoins: Float64Array;

  constructor(lengths: PositionLengths, hazards: Float64Array, capture: MissCapture, seed: number) {
    this.#lengths = lengths;
    this.#hazards = hazards;
    this.#capture = capture;
    const tokens = lengths.offsets.at(-1)!;
    this.#rankCoins = new Float64Array(tokens);
    this.#depthCoins = new Float64Array(tokens);
    for (let r = 0; r + 1 < lengths.offsets.length; r++) {
      const draw = stream(seed, 'acceptance', 'ranks', r);
      for (let at = lengths.offsets[r]!; at < lengths.offsets[r + 1]!; at++) {
        this.#rankCoins[at] = draw();
        this.#depthCoins[at] = draw();
      }
    }
  }

  follow(at: number, end: number, take: (rank: number) => boolean): void {
    const { emitted, maxK } = this.#lengths;
    let depth = 0;
    for (let from = at; from < end; ) {
      const known = Math.min(emitted[from]! - 1, end - from);
      let right = 0;
      // A head that drafts deeper down than where the recording started is right less often.
      while (right < known && (from === at || this.#depthCoins[from + right]! < this.#kept(depth, right))) {
        if (!take(1)) return;
        right++;
        depth++;
      }
      const missed = from + right;
      if (missed >= end || right >= maxK) return;
      const rank = this.#rankAt(missed, depth);
      if (rank === 0 || !take(rank)) return;
      depth++;
      from = missed + 1;
    }
  }

  /** Of drafts that are right as number `right` + 1 of a chain, the share that is at `depth` + 1. */
  #kept(depth: number, right: number): number {
    const deeper = this.#hazards[Math.min(depth, this.#hazards.length - 1)]!;
    const recorded = this.#hazards[Math.min(right, this.#hazards.length - 1)]!;
    return deeper < recorded ? deeper / recorded : 1;
  }

  #rankAt(token: number, depth: number): number {
    const shares = this.#capture[Math.min(depth, this.#capture.length - 1)]!;
    let coin = this.#rankCoins[token]!;
    for (let i = 0; i < shares.length; i++) {
      coin -= shares[i]!;
      if (coin < 0) return i + 2;
    }
    return 0;
  }
}

/** Element i: share of rounds that accept draft i + 1 of those that accept the ones before it; its last known value goes on. */
export function hazardsOf(acceptedAtLeast: ArrayLike<number>): Float64Array {
  const hazards = new Float64Array(acceptedAtLeast.length);
  for (let i = 0, before = 1; i < hazards.length; i++) {
    hazards[i] = before > 0 ? acceptedAtLeast[i]! / before : (hazards[i - 1] ?? 0);
    before = acceptedAtLeast[i]!;
  }
  return hazards;
}

/** Element `[j][r]`: chance that the choice of rank r + 1 at depth j + 1 is right; a later choice is taken for no likelier than an earlier one. */
export function rankChances(hazards: Float64Array, capture: MissCapture): Float64Array[] {
  return Array.from(hazards, (hazard, j) => {
    const row = Float64Array.of(hazard, ...capture[Math.min(j, capture.length - 1)]!);
    for (let r = 1; r < row.length; r++) row[r] = Math.min((1 - hazard) * row[r]!, row[r - 1]!);
    return row;
  });
}

/** A recording as trees need it: the ranks behind every position, and the chance of every rank at every depth. */
export interface RankedText {
  readonly ranks: Ranks;
  readonly chances: readonly Float64Array[];
}

/** Of a recording without ranks: assumed ones. */
export function assumedText(lengths: PositionLengths, capture: MissCapture, seed: number): RankedText {
  const hazards = hazardsOf(acceptedAtLeast(lengths, lengths.maxK));
  return {
    ranks: new AssumedRanks(lengths, hazards, capture, seed),
    chances: rankChances(hazards, capture),
  };
}

/** Of a recording with ranks: what was recorded. */
export function recordedText(lengths: PositionLengths, recorded: TokenRanks): RankedText {
  return {
    ranks: new RecordedRanks(recorded, lengths.emitted.length, lengths.maxK),
    chances: recordedChances(lengths, recorded),
  };
}

/**
 * Element `[j][r]`: share of the positions whose token at depth j + 1 is the choice of rank r + 1, of those whose tokens
 * before it are all some choice; a later choice is taken for no likelier than an earlier one. Every position counts, as
 * if a round started there. As deep as any position goes, and at least one.
 */
export function recordedChances(
  { offsets, emitted, maxK }: PositionLengths,
  { most, list }: TokenRanks,
): Float64Array[] {
  const begins = rankBegins(list, emitted.length, maxK);
  const reached: number[] = [];
  const counts: Float64Array[] = [];
  for (let r = 0; r + 1 < offsets.length; r++) {
    const end = offsets[r + 1]!;
    for (let at = offsets[r]! + 1; at < end; at++) {
      const depths = Math.min(begins[at + 1]! - begins[at]!, end - at);
      for (let j = 0; j < depths; j++) {
        reached[j] = (reached[j] ?? 0) + 1;
        counts[j] ??= new Float64Array(most);
        const rank = list[begins[at]! + j]!;
        if (rank > 0) counts[j]![rank - 1]!++;
      }
    }
  }
  if (counts.length === 0) return [new Float64Array(most)];
  return counts.map((row, j) => {
    const chances = row.map((count) => count / reached[j]!);
    for (let r = 1; r < most; r++) chances[r] = Math.min(chances[r]!, chances[r - 1]!);
    return chances;
  });
}
