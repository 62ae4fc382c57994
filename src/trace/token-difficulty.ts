/** A draft model, a head or a whole one, as tokens of varying difficulty (docs/acceptance-process.md, section 4). */
import * as z from 'zod/mini';
import { inverseNormal } from '../random/inverse-normal.ts';
import type { Stream } from '../random/streams.ts';
import { strictObject } from '../validate.ts';
import { alongOutputSchema, writeAlongOutput } from './along-output.ts';

/** Drafts beyond this one get a difficulty of their own: all four recordings change there. */
const BEYOND = 7;

export const tokenDifficultySchema = strictObject({
  difficultyAlongOutput: alongOutputSchema,
  requestSd: z.number().check(z.gte(0)),
  local: strictObject({ sd: z.number().check(z.gte(0)), correlation: z.number().check(z.gte(0), z.lt(1)) }),
  roundSd: z.number().check(z.gte(0)),
  depth: strictObject({ factor: z.number(), power: z.number().check(z.positive()) }),
  beyond7: strictObject({ step: z.number(), slope: z.number() }),
  copied: z.number(),
});

export type TokenDifficulty = z.infer<typeof tokenDifficultySchema>;

/** What one request gets; both arrays are views of its output length. */
interface DifficultyRequest {
  readonly emitted: Uint8Array;
  /** What look-up emits: more than 1 where the token at this position is inside a copy run. */
  readonly lookedUp: Uint8Array;
}

/**
 * Samples the draft model's column of one request into its `emitted`.
 *
 * @param score normal score of the request: positive is easier
 * @param scratch at least as long as the output
 */
export function sampleTokenDifficulty(
  process: TokenDifficulty,
  { emitted, lookedUp }: DifficultyRequest,
  score: number,
  draw: Stream,
  scratch: Float64Array,
  maxK: number,
): void {
  const { local, roundSd } = process;
  const tokens = emitted.length;
  writeAlongOutput(process.difficultyAlongOutput, tokens, scratch);
  const request = process.requestSd * score;
  const innovation = Math.sqrt(1 - local.correlation ** 2);
  let walk = inverseNormal(draw());
  for (let token = 0; token < tokens; token++) {
    walk = local.correlation * walk + innovation * inverseNormal(draw());
    const copied = lookedUp[token]! > 1 ? process.copied : 0;
    scratch[token]! += local.sd * walk + inverseNormal(draw()) - request - copied;
  }
  const depth = depthTable(process, maxK);
  emitted[0] = 1;
  for (let position = 1; position < tokens; position++) {
    const most = Math.min(maxK, tokens - position);
    let accepted = 0;
    while (
      accepted < most &&
      scratch[position + accepted]! + depth[accepted]! + roundSd * inverseNormal(draw()) < 0
    )
      accepted++;
    emitted[position] = accepted + 1;
  }
}

/** Difficulty added to the draft after `accepted` others, by `accepted`. */
function depthTable({ depth, beyond7 }: TokenDifficulty, maxK: number): Float64Array {
  return Float64Array.from({ length: maxK }, (_, accepted) => {
    const beyond = accepted + 1 - BEYOND;
    return depth.factor * accepted ** depth.power + (beyond > 0 ? beyond7.step + beyond7.slope * beyond : 0);
  });
}
