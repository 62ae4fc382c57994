/** What sets requests apart: correlated scores of the lengths, of copying and of ease, stratified over the sample. */
import * as z from 'zod/mini';
import { inverseNormal } from '../random/inverse-normal.ts';
import { type Stream, stream } from '../random/streams.ts';
import { strictObject } from '../validate.ts';

const correlation = z.number().check(z.gt(-1), z.lt(1));

/** Correlations of the normal scores of a request. */
export const copulaSchema = strictObject({
  outputPrompt: correlation,
  outputCopy: correlation,
  outputEase: correlation,
  promptCopy: correlation,
  promptEase: correlation,
  copyEase: correlation,
}).check(
  z.refine(
    (copula) => choleskyFactor(copula) !== null,
    'no four scores can be correlated like this: the matrix is not positive definite',
  ),
);

export type Copula = Readonly<
  Record<'outputPrompt' | 'outputCopy' | 'outputEase' | 'promptCopy' | 'promptEase' | 'copyEase', number>
>;

/** Per request: uniforms to look lengths up by, and normal scores of copying (look-up) and of ease (every draft model). */
interface RequestScores {
  readonly output: Float64Array;
  readonly prompt: Float64Array;
  readonly copy: Float64Array;
  readonly ease: Float64Array;
}

/**
 * Latin hypercube sampling of correlated scores: the copula only decides the ranks, and each rank gets a
 * stratum of its own.
 */
export function sampleRequestScores(copula: Copula, requests: number, seed: number): RequestScores {
  const factor = choleskyFactor(copula)!;
  const correlated = factor.map(() => new Float64Array(requests));
  const draw = stream(seed, 'acceptance', 'requests');
  const independent = new Float64Array(factor.length);
  for (let r = 0; r < requests; r++) {
    for (let i = 0; i < factor.length; i++) independent[i] = inverseNormal(draw());
    for (let i = 0; i < factor.length; i++) {
      const weights = factor[i]!;
      let sum = 0;
      for (let j = 0; j < weights.length; j++) sum += weights[j]! * independent[j]!;
      correlated[i]![r] = sum;
    }
  }
  const [output, prompt, copy, ease] = correlated.map((values) => stratify(values, draw));
  return {
    output: output!,
    prompt: prompt!,
    copy: copy!.map(inverseNormal),
    ease: ease!.map(inverseNormal),
  };
}

/** A uniform per value, in the values' order and with exactly one in each of the equal strata; of equal values the first is the lower. */
function stratify(values: Float64Array, draw: Stream): Float64Array {
  const requests = values.length;
  // Sorting without a function of its own and looking each value up is four times as fast as sorting indices.
  const sorted = values.slice().sort();
  const ofRank = new Uint32Array(requests);
  const equals = new Uint32Array(requests);
  for (let r = 0; r < requests; r++) {
    const first = firstNotBelow(sorted, values[r]!);
    ofRank[first + equals[first]!++] = r;
  }
  const uniforms = new Float64Array(requests);
  for (let rank = 0; rank < requests; rank++) uniforms[ofRank[rank]!] = (rank + draw()) / requests;
  return uniforms;
}

function firstNotBelow(sorted: Float64Array, value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Lower triangle L with L L' the matrix of the scores output, prompt, copy, ease; null when there is none. */
function choleskyFactor(copula: Copula): readonly (readonly number[])[] | null {
  const { outputPrompt, outputCopy, outputEase, promptCopy, promptEase, copyEase } = copula;
  const matrix = [[1], [outputPrompt, 1], [outputCopy, promptCopy, 1], [outputEase, promptEase, copyEase, 1]];
  const factor: number[][] = [];
  for (const row of matrix) {
    const solved: number[] = [];
    for (let j = 0; j < row.length; j++) {
      const other = factor[j] ?? solved;
      const rest = row[j]! - solved.reduce((sum, weight, i) => sum + weight * other[i]!, 0);
      if (j < row.length - 1) solved.push(rest / other[j]!);
      else if (rest <= 0) return null;
      else solved.push(Math.sqrt(rest));
    }
    factor.push(solved);
  }
  return factor;
}
