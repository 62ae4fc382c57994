/**
 * Acceptance stated as a rate instead of recorded: independent coin flips per draft position, the same at
 * every output position. Right for a draft model to about 1 %, wrong for heads and look-up, which come in
 * bursts (docs/physics.md, section 3); always labelled `fitted`.
 */

import { shown, UserError } from '../errors.ts';
import { stream } from '../random/streams.ts';
import { rateOfMeanLength } from './conventions.ts';
import { offsetsOfLengths } from './flat.ts';
import type { PositionLengths } from './trace.ts';

/** Drafts that rates without a draft length of their own answer for, unless more are asked. */
export const USUAL_MAX_K = 20;

const FORMS = 'a rate (0.62), rates (0.85:0.6:0.35) or a mean length at k (3.1@3)';

export interface StatedAcceptance {
  /** Conditional rates per draft position, in rounds that draft; the last one repeats. */
  readonly rates: readonly number[];
  /** Share of all rounds that draft anything, above 0. */
  readonly share: number;
  /** The draft length that the statement names; null where it names none. */
  readonly k: number | null;
}

/**
 * Reads an acceptance: `0.62` (one rate), `0.85:0.6:0.35` (conditional on the drafts before, the last one
 * repeats) or `3.1@3` (mean emitted length at k = 3, one rate). `/0.4` after any of them: it is that of the 40 % of
 * rounds that draft, and the others emit one token.
 *
 * @param where what to name in errors, such as `--acceptance eagle`
 */
export function parseAcceptanceSpec(spec: string, where: string): StatedAcceptance {
  const [stated = '', written, ...more] = spec.split('/');
  const share = written === undefined ? 1 : number(written, spec, where);
  if (more.length > 0 || share <= 0 || share > 1) {
    throw new UserError(
      `${where}: got ${shown(spec)}, expected a share of rounds that draft above 0 and up to 1 after the /, such as 2.6@3/0.4`,
    );
  }
  const [mean = '', at, ...others] = stated.split('@');
  if (others.length > 0) throw new UserError(`${where}: got ${shown(spec)}, expected ${FORMS}`);
  if (at !== undefined) {
    const k = number(at, spec, where);
    return { rates: [rateOfMeanLength(number(mean, spec, where), k, where)], share, k };
  }
  const rates = stated.split(':').map((part) => {
    const rate = number(part, spec, where);
    if (rate < 0 || rate > 1) {
      throw new UserError(`${where}: got ${shown(spec)}, expected rates between 0 and 1`);
    }
    return rate;
  });
  return { rates, share, k: null };
}

/** How far and how often the rounds of a sample draft. */
interface Drafts {
  /** The longest draft: 1 to 254. */
  readonly maxK: number;
  /** Share of rounds that draft anything. */
  readonly share: number;
  /** Tokens that a round which drafts has verified, on average; at least those it accepts. */
  readonly drafted: number;
}

const ALWAYS_ALL: Drafts = { maxK: USUAL_MAX_K, share: 1, drafted: USUAL_MAX_K };

/**
 * Samples position-indexed lengths with the given conditional rates. Every position draws once from the
 * stream of its request, so that a higher rate or share never gives a shorter length.
 *
 * Rounds that draft fewer than `maxK` on average are a mix of two kinds: all of them, or those that are accepted (one
 * where none is). That has the average, and no round that could not be.
 *
 * @param outputTokens output length per request
 */
export function sampleAcceptance(
  rates: readonly number[],
  outputTokens: Int32Array,
  method: string,
  seed: number,
  { maxK, share, drafted }: Drafts = ALWAYS_ALL,
): PositionLengths {
  const survival: number[] = [];
  for (let i = 0; i < maxK; i++) {
    survival.push((survival[i - 1] ?? 1) * (rates[Math.min(i, rates.length - 1)] ?? 0));
  }
  const offsets = offsetsOfLengths(outputTokens);
  const emitted = new Uint8Array(offsets[outputTokens.length]!).fill(1);
  const shortest = survival.reduce((sum, chance) => sum + chance, 1 - (survival[0] ?? 0));
  const whole = drafted >= maxK ? 1 : Math.max((drafted - shortest) / (maxK - shortest), 0);
  const proposed = share < 1 || whole < 1 ? new Uint8Array(emitted.length) : null;
  for (let r = 0; r < outputTokens.length; r++) {
    const draw = stream(seed, 'acceptance', method, r);
    const drawWhole = whole < 1 ? stream(seed, 'drafted', method, r) : null;
    for (let at = offsets[r]! + 1; at < offsets[r + 1]!; at++) {
      const level = draw() / share;
      let accepted = 0;
      while (accepted < maxK && level < survival[accepted]!) accepted++;
      emitted[at] = accepted + 1;
      if (proposed === null || level >= 1) continue;
      const all = drawWhole === null || drawWhole() < whole;
      proposed[at] = all ? maxK : Math.max(accepted, 1);
    }
  }
  return { maxK, offsets, emitted, proposed: proposed ?? 'always', kind: 'fitted', fittedTo: 'rates' };
}

function number(text: string, spec: string, where: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) {
    throw new UserError(`${where}: got ${shown(spec)}, expected ${FORMS}`);
  }
  return value;
}
