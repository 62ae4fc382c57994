/** A draft model, a head or a whole one, as tokens of varying difficulty (docs/acceptance-process.md, section 4). */
import * as z from 'zod/mini';
import { lesser } from '../columns.ts';
import { type DrawKey, hashed } from '../random/hashed.ts';
import { normalOf } from '../random/normal-table.ts';
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

/**
 * Draws are numbered by position, and of one position by use: its token's own, and two drafts at a time of the round that
 * begins there.
 */
const USES = 16;

/** Samples a draft model's rounds, request by request. */
export class DifficultySampler {
  readonly #process: TokenDifficulty;
  readonly #maxK: number;
  /** Difficulty added to the draft after so many others. */
  readonly #depth: Float64Array;
  readonly #difficulty: Float64Array;
  #tokens = 0;
  #key: DrawKey = { first: 0, second: 0 };

  /** @param longest output, in tokens */
  constructor(process: TokenDifficulty, longest: number, maxK: number) {
    this.#process = process;
    this.#maxK = maxK;
    this.#depth = depthTable(process, maxK);
    this.#difficulty = new Float64Array(longest);
  }

  /**
   * Begins a request.
   *
   * @param lookedUp what look-up emits at its positions: more than 1 where the token there is inside a copy run
   * @param score normal score of the request: positive is easier
   * @param key of draws of nothing else
   */
  begin(lookedUp: Uint8Array, score: number, key: DrawKey): void {
    this.#tokens = lookedUp.length;
    this.#key = key;
    this.#drawDifficulty(lookedUp, score, key);
  }

  /** Writes what rounds at each position of the request emit. */
  fill(emitted: Uint8Array): void {
    emitted[0] = 1;
    for (let position = 1; position < emitted.length; position++) {
      emitted[position] = this.emittedAt(position, this.#maxK);
    }
  }

  /** Tokens that a round of `k` drafts emits which begins at a position of the request, 1 or more. */
  emittedAt(position: number, k: number): number {
    const { first, second } = this.#key;
    const { roundSd } = this.#process;
    const difficulty = this.#difficulty;
    const depth = this.#depth;
    const most = lesser(lesser(this.#maxK, k), this.#tokens - position);
    let accepted = 0;
    let bits = 0;
    while (accepted < most) {
      bits = accepted & 1 ? bits << 16 : hashed(first, second, position * USES + 1 + (accepted >> 1));
      const noise = roundSd * normalOf(bits);
      if (difficulty[position + accepted]! + depth[accepted]! + noise >= 0) break;
      accepted++;
    }
    return accepted + 1;
  }

  /** Of each token: along the output, near its neighbours, and its own. */
  #drawDifficulty(lookedUp: Uint8Array, score: number, { first, second }: DrawKey): void {
    const { difficultyAlongOutput, local, requestSd, copied } = this.#process;
    const { sd, correlation } = local;
    const difficulty = this.#difficulty;
    const tokens = lookedUp.length;
    writeAlongOutput(difficultyAlongOutput, tokens, difficulty);
    const request = requestSd * score;
    const innovation = Math.sqrt(1 - correlation ** 2);
    let walk = normalOf(hashed(first, second, 1));
    for (let token = 0; token < tokens; token++) {
      const bits = hashed(first, second, token * USES);
      walk = correlation * walk + innovation * normalOf(bits);
      const own = normalOf(bits << 16);
      difficulty[token]! += sd * walk + own - request - (lookedUp[token]! > 1 ? copied : 0);
    }
  }
}

/** Difficulty added to the draft after `accepted` others, by `accepted`. */
function depthTable({ depth, beyond7 }: TokenDifficulty, maxK: number): Float64Array {
  return Float64Array.from({ length: maxK }, (_, accepted) => {
    const beyond = accepted + 1 - BEYOND;
    return depth.factor * accepted ** depth.power + (beyond > 0 ? beyond7.step + beyond7.slope * beyond : 0);
  });
}
