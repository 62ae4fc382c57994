/** Sampling of fitted processes draw by draw, as docs/acceptance-process.md has it: what the quick form is equal to. */
import { type DrawKey, hashed } from '../../src/random/hashed.ts';
import { inverseNormal } from '../../src/random/inverse-normal.ts';
import { normalOf } from '../../src/random/normal-table.ts';
import type { Stream } from '../../src/random/streams.ts';
import { valueAlongOutput, writeAlongOutput } from '../../src/trace/along-output.ts';
import type { CopyRuns } from '../../src/trace/copy-runs.ts';
import type { TokenDifficulty } from '../../src/trace/token-difficulty.ts';

const FIRST_LOOKUP = 4;
const OPENING_END = 8;
const SHORTEST = 4;
const LOOKUP_REFERENCE = 64;
const BEYOND = 7;

/** Uniform draws of copy runs. */
interface CopyDraws {
  whole(): number;
  fate(position: number): number;
  search(position: number): number;
}

/** Standard normal draws of token difficulty; drafts count from 0. */
interface DifficultyDraws {
  firstWalk(): number;
  innovation(token: number): number;
  own(token: number): number;
  noise(position: number, draft: number): number;
}

export function hashedCopyDraws({ first, second }: DrawKey): CopyDraws {
  const uniform = (number: number) => (hashed(first, second, number) >>> 0) / 2 ** 32;
  return {
    whole: () => uniform(0),
    fate: (position) => uniform(2 * position),
    search: (position) => uniform(2 * position + 1),
  };
}

export function hashedDifficultyDraws({ first, second }: DrawKey): DifficultyDraws {
  const bits = (position: number, use: number) => hashed(first, second, 16 * position + use);
  return {
    firstWalk: () => normalOf(bits(0, 1)),
    innovation: (token) => normalOf(bits(token, 0)),
    own: (token) => normalOf(bits(token, 0) << 16),
    noise: (position, draft) => normalOf(bits(position, 1 + (draft >> 1)) << (draft % 2 === 0 ? 0 : 16)),
  };
}

/** The same from a stream, each draw with all its bits: what the hashed ones are distributed like. */
export function streamedDraws(draw: Stream): CopyDraws & DifficultyDraws {
  const normal = () => inverseNormal(draw());
  return {
    whole: draw,
    fate: draw,
    search: draw,
    firstWalk: normal,
    innovation: normal,
    own: normal,
    noise: normal,
  };
}

interface CopyRunRequest {
  readonly emitted: Uint8Array;
  readonly proposed: Uint8Array;
}

interface DifficultyRequest {
  readonly emitted: Uint8Array;
  readonly lookedUp: Uint8Array;
}

/**
 * Samples the n-gram column of one request into `request`.
 *
 * @param score normal score of the request: positive copies more and longer
 */
export function sampleCopyRuns(
  process: CopyRuns,
  request: CopyRunRequest,
  score: number,
  draws: CopyDraws,
  maxK: number,
): void {
  const { emitted, proposed } = request;
  const { run, wholeCopy, lookup } = process;
  const tokens = emitted.length;
  const requestLogit = process.requestSd * score;
  const beta = run.beta * Math.exp(run.lengthSd * score);
  const lagLogit = lagLogits(process);
  let age = -1;
  let lag = lagLogit.length;
  let whole = draws.whole() < wholeCopy.share;
  for (let position = 1; position < tokens; position++) {
    const fate = draws.fate(position);
    const search = draws.search(position);
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
      const start = valueAlongOutput(process.startAlongOutput, position / tokens);
      const logit = start + opening + requestLogit + (lagLogit[lag++] ?? 0);
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

/**
 * Samples the draft model's column of one request into its `emitted`.
 *
 * @param score normal score of the request: positive is easier
 */
export function sampleTokenDifficulty(
  process: TokenDifficulty,
  { emitted, lookedUp }: DifficultyRequest,
  score: number,
  draws: DifficultyDraws,
  maxK: number,
): void {
  const { local, roundSd } = process;
  const tokens = emitted.length;
  const difficulty = new Float64Array(tokens);
  writeAlongOutput(process.difficultyAlongOutput, tokens, difficulty);
  const request = process.requestSd * score;
  const innovation = Math.sqrt(1 - local.correlation ** 2);
  let walk = draws.firstWalk();
  for (let token = 0; token < tokens; token++) {
    walk = local.correlation * walk + innovation * draws.innovation(token);
    const copied = lookedUp[token]! > 1 ? process.copied : 0;
    difficulty[token]! += local.sd * walk + draws.own(token) - request - copied;
  }
  const depth = depthTable(process, maxK);
  emitted[0] = 1;
  for (let position = 1; position < tokens; position++) {
    const most = Math.min(maxK, tokens - position);
    let accepted = 0;
    while (
      accepted < most &&
      difficulty[position + accepted]! + depth[accepted]! + roundSd * draws.noise(position, accepted) < 0
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
