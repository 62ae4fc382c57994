/** N-gram look-up as runs of copied tokens (docs/acceptance-process.md, section 3). */
import * as z from 'zod/mini';
import { type DrawKey, hashed } from '../random/hashed.ts';
import { strictObject } from '../validate.ts';
import { alongOutputSchema, valueAlongOutput } from './along-output.ts';

/** Nothing is found before this output position: the shortest suffix looked up is 3 tokens. */
const FIRST_LOOKUP = 4;
/** The opening of an answer, where its form is fixed ("here is the code"), ends before this output position. */
const OPENING_END = 8;
/** A short proposal has at least this many tokens. */
const SHORTEST = 4;
/** The position at which `lookup.found` is stated. */
const LOOKUP_REFERENCE = 64;
/** Draws are numbered by position, and of one position by use: whether a run starts or breaks, and what is proposed. */
const USES = 2;
const PROPOSAL = 1;

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

/** Samples the n-gram column, request by request. */
export class CopyRunSampler {
  readonly #process: CopyRuns;
  readonly #maxK: number;
  readonly #lagLogit: readonly number[];
  /** By position: the chance that a search finds anything. */
  readonly #found: Float64Array;

  /** @param longest output, in tokens */
  constructor(process: CopyRuns, longest: number, maxK: number) {
    const { found, perDoubling } = process.lookup;
    this.#process = process;
    this.#maxK = maxK;
    this.#lagLogit = lagLogits(process);
    this.#found = Float64Array.from({ length: longest }, (_, position) =>
      position < FIRST_LOOKUP ? 0 : logistic(found + perDoubling * Math.log2(position / LOOKUP_REFERENCE)),
    );
  }

  /**
   * Samples one request into `request`.
   *
   * @param score normal score of the request: positive copies more and longer
   * @param key of draws of nothing else
   */
  sample({ emitted, proposed }: CopyRunRequest, score: number, key: DrawKey): void {
    this.copies(emitted, score, key);
    const { short } = this.#process.lookup;
    for (let position = 1; position < emitted.length; position++) {
      // The suffix still matches where a run breaks: something is proposed there, and rejected.
      const found = emitted[position]! > 1 || emitted[position - 1]! > 1 ? 1 : this.#found[position]!;
      proposed[position] = proposal(uniform(key, position * USES + PROPOSAL), found, short, this.#maxK);
    }
    acceptRuns(emitted, proposed, this.#maxK);
  }

  /** The same, only as far as to say where tokens are copied, as 2 in `emitted`: all that draft models ask of it. */
  copies(emitted: Uint8Array, score: number, key: DrawKey): void {
    const { run, wholeCopy, opening, requestSd, startAlongOutput } = this.#process;
    const lagLogit = this.#lagLogit;
    const tokens = emitted.length;
    const requestLogit = requestSd * score;
    const beta = run.beta * Math.exp(run.lengthSd * score);
    // Behind the opening no run starts with more than these chances, where none broke of late and where one did: that
    // spares most exponentials.
    const mostLogit = Math.max(...startAlongOutput) + requestLogit;
    const most = logistic(mostLogit) + 1e-9;
    const mostAfter = logistic(mostLogit + Math.max(0, ...lagLogit)) + 1e-9;
    let whole = uniform(key, 0) < wholeCopy.share;
    let broken = -lagLogit.length;
    emitted.fill(1);
    for (let position = FIRST_LOOKUP; position < tokens; position++) {
      const fate = uniform(key, position * USES);
      const opens = position < OPENING_END;
      const lag = position - broken - 1;
      if (fate >= (lag < lagLogit.length ? mostAfter : most) && !opens) continue;
      const after = lag < lagLogit.length ? lagLogit[lag]! : 0;
      const start = valueAlongOutput(startAlongOutput, position / tokens);
      if (fate >= logistic(start + (opens ? opening : 0) + requestLogit + after)) continue;
      emitted[position++] = 2;
      for (let age = 0; position < tokens; age++) {
        const hazard = whole
          ? wholeCopy.hazard
          : run.floor + ((1 - run.floor) * run.alpha) / (run.alpha + beta + age);
        if (uniform(key, position * USES) < hazard) break;
        emitted[position++] = 2;
      }
      broken = position;
      whole = false;
    }
  }
}

/** Uniform on [0, 1). */
function uniform({ first, second }: DrawKey, number: number): number {
  return (hashed(first, second, number) >>> 0) / 2 ** 32;
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
