/** N-gram look-up as runs of copied tokens (docs/acceptance-process.md, section 3). */
import * as z from 'zod/mini';
import type { Stream } from '../random/streams.ts';
import { strictObject } from '../validate.ts';
import { alongOutputSchema, writeAlongOutput } from './along-output.ts';

/** Nothing is found before this output position: the shortest suffix looked up is 3 tokens. */
const FIRST_LOOKUP = 4;
/** The opening of an answer, where its form is fixed ("here is the code"), ends before this output position. */
const OPENING_END = 8;
/** A short proposal has at least this many tokens. */
const SHORTEST = 4;
/** The position at which `lookup.found` is stated. */
const LOOKUP_REFERENCE = 64;

export const copyRunsSchema = strictObject({
  startAlongOutput: alongOutputSchema,
  opening: z.number(),
  requestSd: z.number().check(z.gte(0)),
  afterBreak: strictObject({ atOnce: z.number(), soon: z.number(), later: z.number() }),
  run: strictObject({
    alpha: z.number().check(z.positive()),
    beta: z.number().check(z.positive()),
    floor: z.number().check(z.gte(0), z.lte(1)),
    lengthSd: z.number().check(z.gte(0)),
  }),
  wholeCopy: strictObject({
    share: z.number().check(z.gte(0), z.lte(1)),
    hazard: z.number().check(z.positive(), z.lte(1)),
  }),
  lookup: strictObject({
    found: z.number(),
    perDoubling: z.number(),
    short: z.number().check(z.gte(0), z.lte(1)),
  }),
});

export type CopyRuns = z.infer<typeof copyRunsSchema>;

/** What one request gets; both arrays are views of its output length. */
interface CopyRunRequest {
  readonly emitted: Uint8Array;
  readonly proposed: Uint8Array;
}

/**
 * Samples the n-gram column of one request into `request`.
 *
 * @param score normal score of the request: positive copies more and longer
 * @param scratch at least as long as the output
 */
export function sampleCopyRuns(
  process: CopyRuns,
  request: CopyRunRequest,
  score: number,
  draw: Stream,
  scratch: Float64Array,
  maxK: number,
): void {
  const { emitted, proposed } = request;
  const { run, wholeCopy, lookup } = process;
  const tokens = emitted.length;
  writeAlongOutput(process.startAlongOutput, tokens, scratch);
  const requestLogit = process.requestSd * score;
  const beta = run.beta * Math.exp(run.lengthSd * score);
  const lagLogit = lagLogits(process);
  let age = -1;
  let lag = lagLogit.length;
  let whole = draw() < wholeCopy.share;
  for (let position = 1; position < tokens; position++) {
    const fate = draw();
    const search = draw();
    let found = 0;
    if (age >= 0) {
      const hazard = whole
        ? wholeCopy.hazard
        : run.floor + ((1 - run.floor) * run.alpha) / (run.alpha + beta + age);
      age = fate < hazard ? -1 : age + 1;
      // The suffix still matches where a run breaks: something is proposed there, and rejected.
      found = 1;
      if (age < 0) {
        lag = 0;
        whole = false;
      }
    } else if (position >= FIRST_LOOKUP) {
      const opening = position < OPENING_END ? process.opening : 0;
      const logit = scratch[position]! + opening + requestLogit + (lagLogit[lag++] ?? 0);
      if (fate < logistic(logit)) age = 0;
      found =
        age >= 0 ? 1 : logistic(lookup.found + lookup.perDoubling * Math.log2(position / LOOKUP_REFERENCE));
    }
    emitted[position] = age >= 0 ? 2 : 1;
    proposed[position] = proposal(search, found, lookup.short, maxK);
  }
  // So far what is emitted only says where tokens are copied.
  let length = 0;
  for (let position = tokens - 1; position > 0; position--) {
    length = emitted[position]! > 1 ? length + 1 : 0;
    const accepted = Math.min(length, maxK);
    emitted[position] = accepted + 1;
    if (proposed[position]! < accepted) proposed[position] = maxK;
  }
  emitted[0] = 1;
  proposed[0] = 0;
}

/** Tokens proposed: none with probability 1 - found, short with probability found * short, else all. */
function proposal(uniform: number, found: number, short: number, maxK: number): number {
  if (uniform >= found) return 0;
  if (uniform >= found * short) return maxK;
  return SHORTEST + Math.floor((uniform / (found * short)) * (maxK - SHORTEST));
}

/** Logit added by the number of tokens since the last run broke. */
function lagLogits({ afterBreak }: CopyRuns): readonly number[] {
  const { atOnce, soon, later } = afterBreak;
  return [atOnce, soon, soon, later, later, later, later];
}

function logistic(logit: number): number {
  return 1 / (1 + Math.exp(-logit));
}
