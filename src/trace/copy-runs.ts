/** N-gram look-up as runs of copied tokens (docs/acceptance-process.md, section 3). */
import * as z from 'zod/mini';
import type { Alea } from '../random/alea.ts';
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

/** Samples the n-gram column, request by request; draws are made many at a time. */
export class CopyRunSampler {
  readonly #process: CopyRuns;
  readonly #maxK: number;
  readonly #lagLogit: readonly number[];
  /** By position: logit that a run starts there, and the chance that a search finds anything. */
  readonly #start: Float64Array;
  readonly #found: Float64Array;
  readonly #draws: Float64Array;

  /** @param longest output, in tokens */
  constructor(process: CopyRuns, longest: number, maxK: number) {
    const { found, perDoubling } = process.lookup;
    this.#process = process;
    this.#maxK = maxK;
    this.#lagLogit = lagLogits(process);
    this.#start = new Float64Array(longest);
    this.#found = Float64Array.from({ length: longest }, (_, position) =>
      position < FIRST_LOOKUP ? 0 : logistic(found + perDoubling * Math.log2(position / LOOKUP_REFERENCE)),
    );
    this.#draws = new Float64Array(2 * longest);
  }

  /**
   * Samples one request into `request`.
   *
   * @param score normal score of the request: positive copies more and longer
   * @param alea draws of nothing else
   */
  sample({ emitted, proposed }: CopyRunRequest, score: number, alea: Alea): void {
    this.copies(emitted, score, alea);
    const { short } = this.#process.lookup;
    for (let position = 1; position < emitted.length; position++) {
      // The suffix still matches where a run breaks: something is proposed there, and rejected.
      const found = emitted[position]! > 1 || emitted[position - 1]! > 1 ? 1 : this.#found[position]!;
      proposed[position] = proposal(this.#draws[2 * position]!, found, short, this.#maxK);
    }
    acceptRuns(emitted, proposed, this.#maxK);
  }

  /** The same, only as far as to say where tokens are copied, as 2 in `emitted`: all that draft models ask of it. */
  copies(emitted: Uint8Array, score: number, alea: Alea): void {
    const { run, wholeCopy, opening, requestSd, startAlongOutput } = this.#process;
    const start = this.#start;
    const lagLogit = this.#lagLogit;
    const draws = this.#draws;
    const tokens = emitted.length;
    writeAlongOutput(startAlongOutput, tokens, start);
    alea.fill(draws, 2 * tokens - 1);
    const requestLogit = requestSd * score;
    const beta = run.beta * Math.exp(run.lengthSd * score);
    // No run starts with more than this chance, which spares most exponentials.
    const most =
      logistic(
        Math.max(...startAlongOutput) + Math.max(0, opening) + requestLogit + Math.max(0, ...lagLogit),
      ) + 1e-9;
    let age = -1;
    let lag = lagLogit.length;
    let whole = draws[0]! < wholeCopy.share;
    for (let position = 1; position < tokens; position++) {
      const fate = draws[2 * position - 1]!;
      if (age >= 0) {
        const hazard = whole
          ? wholeCopy.hazard
          : run.floor + ((1 - run.floor) * run.alpha) / (run.alpha + beta + age);
        age = fate < hazard ? -1 : age + 1;
        if (age < 0) {
          lag = 0;
          whole = false;
        }
      } else if (position >= FIRST_LOOKUP) {
        const after = lag < lagLogit.length ? lagLogit[lag++]! : 0;
        if (fate < most) {
          const logit = start[position]! + (position < OPENING_END ? opening : 0) + requestLogit + after;
          if (fate < logistic(logit)) age = 0;
        }
      }
      emitted[position] = age >= 0 ? 2 : 1;
    }
    emitted[0] = 1;
  }
}

/** From where tokens are copied (more than 1 in `emitted`) to how many drafts each position accepts. */
function acceptRuns(emitted: Uint8Array, proposed: Uint8Array, maxK: number): void {
  let length = 0;
  for (let position = emitted.length - 1; position > 0; position--) {
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
