/**
 * Acceptance stated as a rate instead of recorded: independent coin flips per draft position, the same at
 * every output position. Right for a draft model to about 1 %, wrong for heads and look-up, which come in
 * bursts (docs/physics.md, section 3); always labelled `fitted`.
 */
import { shown, UserError } from '../errors.ts';
import { stream } from '../random/streams.ts';
import { rateOfMeanLength, SPEC_MAX_K } from './conventions.ts';
import type { PositionLengths } from './trace.ts';

/**
 * Reads an acceptance: `0.62` (one rate), `0.85:0.6:0.35` (conditional on the drafts before, the last one
 * repeats) or `3.1@3` (mean emitted length at k = 3, one rate).
 *
 * @param where what to name in errors, such as `--acceptance eagle`
 * @returns conditional rates per draft position; the last one repeats
 */
export function parseAcceptanceSpec(spec: string, where: string): number[] {
  const mean = /^([^@]+)@([^@]+)$/.exec(spec);
  if (mean !== null)
    return [rateOfMeanLength(number(mean[1]!, spec, where), number(mean[2]!, spec, where), where)];
  return spec.split(':').map((part) => {
    const rate = number(part, spec, where);
    if (rate < 0 || rate > 1) {
      throw new UserError(`${where}: got ${shown(spec)}, expected rates between 0 and 1`);
    }
    return rate;
  });
}

/**
 * Samples position-indexed lengths with the given conditional rates. Every position draws once from the
 * stream of its request, so that a higher rate never gives a shorter length.
 *
 * @param outputTokens output length per request
 */
export function sampleAcceptance(
  rates: readonly number[],
  outputTokens: Int32Array,
  method: string,
  seed: number,
): PositionLengths {
  const survival: number[] = [];
  for (let i = 0; i < SPEC_MAX_K; i++) {
    survival.push((survival[i - 1] ?? 1) * (rates[Math.min(i, rates.length - 1)] ?? 0));
  }
  const offsets = new Int32Array(outputTokens.length + 1);
  for (let r = 0; r < outputTokens.length; r++) offsets[r + 1] = offsets[r]! + outputTokens[r]!;
  const emitted = new Uint8Array(offsets[outputTokens.length]!).fill(1);
  for (let r = 0; r < outputTokens.length; r++) {
    const draw = stream(seed, 'acceptance', method, r);
    for (let at = offsets[r]! + 1; at < offsets[r + 1]!; at++) {
      const level = draw();
      let accepted = 0;
      while (accepted < SPEC_MAX_K && level < survival[accepted]!) accepted++;
      emitted[at] = accepted + 1;
    }
  }
  return { maxK: SPEC_MAX_K, offsets, emitted, proposed: 'always', kind: 'fitted' };
}

function number(text: string, spec: string, where: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) {
    throw new UserError(
      `${where}: got ${shown(spec)}, expected a rate (0.62), rates (0.85:0.6:0.35) or a mean length at k (3.1@3)`,
    );
  }
  return value;
}
