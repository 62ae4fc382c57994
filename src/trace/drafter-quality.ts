/**
 * What if the drafter were better, or worse? Of a fitted column the mean number of drafts that a round accepts at the
 * largest k, in a replay, is multiplied by the quality q (docs/acceptance-process.md, section 5). A better drafter also
 * knows some of the tokens it missed: at each of them, with chance c, rounds go on as one that starts behind it does.
 * A worse one misses some that it knew: there, with chance c, rounds end. A search for c ends where the mean is
 * reached. Each token has one coin whatever q is, so that more quality shortens no round.
 *
 * Where a look-up had less to propose than is now accepted, it proposes just that. Left out: that it proposes more
 * that is then rejected, and that a better drafter costs more. Recorded ranks are those of the drafter as it is: they go.
 */
import { UserError } from '../errors.ts';
import { Memo } from '../memo.ts';
import { stream } from '../random/streams.ts';
import type { AcceptanceTrace, PositionLengths } from './trace.ts';

/**
 * The trace with the columns of `drafters` scaled; those it has no column of are passed over.
 *
 * @param quality 1 leaves everything as it is
 * @throws UserError for a column that is a recording, accepts nothing, or cannot accept so much more
 */
export function withDrafterQuality(
  trace: AcceptanceTrace,
  drafters: readonly string[],
  quality: number,
  seed: number,
): AcceptanceTrace {
  const scaled = new Map(trace.drafters);
  for (const drafter of drafters) {
    const lengths = trace.drafters.get(drafter);
    if (lengths === undefined || quality === 1) continue;
    const where = `drafter quality ${quality}: trace ${trace.name}`;
    if (lengths.kind === 'recording') {
      throw new UserError(
        `${where} is a recording of ${drafter}, and nobody recorded what a better or worse one does; expected a fitted trace`,
      );
    }
    scaled.set(
      drafter,
      scaledLengths(lengths, quality, coins(lengths, drafter, seed), `${where}, ${drafter}`),
    );
  }
  return { ...trace, drafters: scaled };
}

/**
 * Lengths whose rounds of up to `k` drafts keep so many times as many of them.
 *
 * @param where names it in an error
 * @throws UserError for a column that keeps nothing, or cannot keep so much more
 */
export function withMoreOrFewer(
  lengths: PositionLengths,
  times: number,
  k: number,
  drafter: string,
  seed: number,
  where: string,
): PositionLengths {
  const scaled = scaledLengths(lengths, times, coins(lengths, drafter, seed), where, k);
  return { ...scaled, kind: 'fitted' };
}

/** Lengths in which each right draft is lost with some chance. */
export function withMissed(
  lengths: PositionLengths,
  chance: number,
  drafter: string,
  seed: number,
): PositionLengths {
  const { ranks: _, scores: __, ...chain } = lengths;
  const emitted = new Uint8Array(lengths.emitted.length);
  knowLess(lengths, coins(lengths, drafter, seed), chance, emitted);
  return { ...chain, emitted, kind: 'fitted' };
}

function scaledLengths(
  lengths: PositionLengths,
  quality: number,
  coin: Float64Array,
  where: string,
  k = lengths.maxK,
): PositionLengths {
  const emitted = new Uint8Array(lengths.emitted.length);
  const { ranks: _, scores: __, ...chain } = lengths;
  const scaled = { ...chain, emitted };
  const write = quality > 1 ? knowMore : knowLess;
  const acceptedAt = (chance: number): number => {
    write(lengths, coin, chance, emitted);
    return acceptedPerRound(scaled, Math.min(k, lengths.maxK));
  };
  const known = KNOWN.get([lengths, coin], `${k} ${quality > 1}`, () => []);
  const atCell = (cell: number): number => {
    known[cell] ??= acceptedAt(cell / CELLS);
    return known[cell];
  };
  const [before, most] = [atCell(0), atCell(CELLS)];
  if (!(before > 0)) throw new UserError(`${where} accepts nothing, expected something to scale`);
  const wanted = quality * before;
  if (quality > 1 && most < wanted) {
    throw new UserError(
      `${where} accepts at most ${(most / before).toFixed(3)} times as much, where every draft is right; expected at most that`,
    );
  }
  // At a quality below 1 the mean has to fall below what is wanted, above 1 to reach it.
  const [sign, short] = quality > 1 ? [1, 0] : [-1, Number.MIN_VALUE];
  const beyond = (accepted: number): number => sign * (accepted - wanted) - short;
  let [from, to] = [0, CELLS];
  while (to - from > 1) {
    const middle = (from + to) >> 1;
    if (beyond(atCell(middle)) < 0) from = middle;
    else to = middle;
  }
  const ends = [beyond(atCell(from)), beyond(atCell(to))] as const;
  const within = [from / CELLS, to / CELLS] as const;
  acceptedAt(leastChance(coin, within, ends, (tried) => beyond(acceptedAt(tried))));
  const { proposed } = lengths;
  return {
    ...scaled,
    proposed:
      proposed instanceof Uint8Array
        ? proposed.map((drafts, at) => Math.max(drafts, emitted[at]! - 1))
        : proposed,
  };
}

/** Drafts that a round of up to `k` of them keeps, in the mean of a replay: its rounds share out the tokens. */
function acceptedPerRound({ offsets, emitted }: PositionLengths, k: number): number {
  let rounds = 0;
  let tokens = 0;
  for (let r = 0; r + 1 < offsets.length; r++) {
    const end = offsets[r + 1]!;
    const first = offsets[r]! + 1;
    tokens += Math.max(0, end - first);
    for (let at = first; at < end; rounds++) at += Math.min(emitted[at]!, k + 1);
  }
  return tokens / rounds - 1;
}

/**
 * The least chance at which a function that grows with the chance is not below 0, but for chances between the same two
 * coins, which are one: false position with the Illinois rule, a third of the steps that halving takes.
 *
 * @param within two chances
 * @param ends values there: below 0, and not
 */
function leastChance(
  coin: Float64Array,
  within: readonly [number, number],
  ends: readonly [number, number],
  valueAt: (chance: number) => number,
): number {
  let [low, high] = within;
  let [atLow, atHigh] = ends;
  let side = 0;
  while (coinsBetween(coin, low, high) > 1) {
    const straight = (low * atHigh - high * atLow) / (atHigh - atLow);
    const chance = straight > low && straight < high ? straight : (low + high) / 2;
    const value = valueAt(chance);
    if (value < 0) {
      [low, atLow] = [chance, value];
      if (side < 0) atHigh /= 2;
      side = -1;
    } else {
      [high, atHigh] = [chance, value];
      if (side > 0) atLow /= 2;
      side = 1;
    }
  }
  return high;
}

function coinsBetween(coin: Float64Array, low: number, high: number): number {
  const sorted = SORTED.get([coin], null, () => coin.slice().sort());
  return coinsBelow(sorted, high) - coinsBelow(sorted, low);
}

function coinsBelow(sorted: Float64Array, chance: number): number {
  let [from, to] = [0, sorted.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if (sorted[middle]! < chance) from = middle + 1;
    else to = middle;
  }
  return from;
}

/** Chances at which the drafts accepted are kept, so that a search begins near its end. */
const CELLS = 64;

/** The same for every quality, as a slider asks for many: drafts accepted at those chances, coins, and those in order. */
const KNOWN = new Memo<number[]>();
const COINS = new Memo<Float64Array>();
const SORTED = new Memo<Float64Array>();

/** A uniform number for every token. */
function coins({ offsets }: PositionLengths, drafter: string, seed: number): Float64Array {
  return COINS.get([offsets], `${drafter} ${seed}`, () => toss(offsets, drafter, seed));
}

function toss(offsets: Int32Array, drafter: string, seed: number): Float64Array {
  const coin = new Float64Array(offsets.at(-1)!);
  for (let r = 0; r + 1 < offsets.length; r++) {
    const draw = stream(seed, 'drafter quality', drafter, r);
    for (let token = offsets[r]!; token < offsets[r + 1]!; token++) coin[token] = draw();
  }
  return coin;
}

/** Writes the lengths when missed tokens are known with the given chance. */
function knowMore(lengths: PositionLengths, coin: Float64Array, chance: number, into: Uint8Array): void {
  const { offsets, emitted, maxK } = lengths;
  for (let r = 0; r + 1 < offsets.length; r++) {
    const end = offsets[r + 1]!;
    for (let at = end - 1; at > offsets[r]!; at--) {
      const drafts = Math.min(maxK, end - at);
      let accepted = Math.min(emitted[at]! - 1, drafts);
      const missed = at + accepted;
      if (accepted < drafts && coin[missed]! < chance) {
        const beyond = missed + 1 < end ? into[missed + 1]! - 1 : 0;
        accepted = Math.min(accepted + 1 + beyond, drafts);
      }
      into[at] = accepted + 1;
    }
    into.fill(1, offsets[r], Math.min(offsets[r]! + 1, end));
  }
}

/** Writes the lengths when known tokens are missed with the given chance. */
function knowLess(lengths: PositionLengths, coin: Float64Array, chance: number, into: Uint8Array): void {
  const { offsets, emitted } = lengths;
  for (let r = 0; r + 1 < offsets.length; r++) {
    let missed = offsets[r + 1]!;
    for (let at = missed - 1; at > offsets[r]!; at--) {
      if (coin[at]! < chance) missed = at;
      const accepted = Math.min(emitted[at]! - 1, missed - at);
      into[at] = accepted + 1;
    }
    into.fill(1, offsets[r], Math.min(offsets[r]! + 1, offsets[r + 1]!));
  }
}
