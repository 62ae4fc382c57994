/**
 * The acceptance process: a few dozen named numbers that replay like a recording. One process describes one
 * data set: lengths, the n-gram look-up and the EAGLE-3 head, and how they go together
 * (docs/acceptance-process.md).
 */
import * as z from 'zod';
import { shown, UserError } from '../errors.ts';
import { stream } from '../random/streams.ts';
import { strictObject, validate } from '../validate.ts';
import { copyRunsSchema, sampleCopyRuns } from './copy-runs.ts';
import { copulaSchema, sampleRequestScores } from './request-scores.ts';
import { sampleTokenDifficulty, tokenDifficultySchema } from './token-difficulty.ts';
import type { AcceptanceTrace, PositionLengths } from './trace.ts';

/** The largest draft length a process answers for, in tokens: that of the recordings it is fitted to. */
const MAX_K = 20;

/** The probabilities of the quantile tables. */
export const QUANTILES = [
  0, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.975, 0.99, 1,
] as const;

const quantileTable = z
  .array(z.number().min(1).max(1e6))
  .length(QUANTILES.length)
  .refine((tokens) => tokens.every((value, i) => i === 0 || value >= tokens[i - 1]!), 'must not decrease');

const percent = z.number().min(0);
const fitError = strictObject({
  requests: z.int().positive(),
  seeds: z.array(z.int()).min(1),
  tokensPerRoundMeanPercent: percent,
  tokensPerRoundWorstPercent: percent,
  speedupMeanPercent: percent,
  speedupWorstPercent: percent,
  spreadPercent: percent,
  driftMeanPercent: percent,
});

const processSchema = strictObject({
  schemaVersion: z.literal(1),
  process: z.literal('copy-run and token-difficulty'),
  dataset: z.string().min(1),
  target: z.string().min(1),
  source: z.string().min(1),
  conventions: z.string(),
  promptTokens: quantileTable,
  outputTokens: quantileTable,
  copula: copulaSchema,
  ngram: copyRunsSchema,
  eagle3: tokenDifficultySchema,
  fitError: strictObject({
    ngram: fitError.extend({ withoutProposalPercent: percent }),
    eagle3: fitError,
    combined: fitError,
  }),
});

export type AcceptanceProcess = z.infer<typeof processSchema>;

/**
 * Reads a process from parsed JSON.
 *
 * @param where what to call it in an error, such as the file's name
 * @throws UserError naming the first field that is wrong
 */
export function parseProcess(json: unknown, where: string): AcceptanceProcess {
  return validate(processSchema, json, where);
}

/**
 * Samples requests of a process. The same seed and number of requests give the same trace; request effects
 * are stratified over the sample, so that a few hundred requests already have the means of the process.
 *
 * @param options requests: how many, at least 1; seed: any integer
 * @throws UserError when `requests` is not a positive integer
 */
export function sampleProcess(
  process: AcceptanceProcess,
  options: { readonly requests: number; readonly seed: number },
): AcceptanceTrace {
  const { requests, seed } = options;
  if (!Number.isInteger(requests) || requests < 1) {
    throw new UserError(`requests: got ${shown(requests)}, expected a whole number of at least 1`);
  }
  const scores = sampleRequestScores(process.copula, requests, seed);
  const outputTokens = lengths(process.outputTokens, scores.output);
  const offsets = new Int32Array(requests + 1);
  for (let r = 0; r < requests; r++) offsets[r + 1] = offsets[r]! + outputTokens[r]!;
  const positions = offsets[requests]!;
  const ngram = new Uint8Array(positions);
  const proposed = new Uint8Array(positions);
  const eagle3 = new Uint8Array(positions);
  const copied = new Uint8Array(positions);
  const scratch = new Float64Array(Math.max(...outputTokens));
  for (let r = 0; r < requests; r++) {
    const [start, end] = [offsets[r]!, offsets[r + 1]!];
    const request = {
      emitted: ngram.subarray(start, end),
      proposed: proposed.subarray(start, end),
      copied: copied.subarray(start, end),
    };
    const copyDraws = stream(seed, 'acceptance', 'ngram', r);
    sampleCopyRuns(process.ngram, request, scores.ngram[r]!, copyDraws, scratch, MAX_K);
    const headDraws = stream(seed, 'acceptance', 'eagle3', r);
    const emitted = eagle3.subarray(start, end);
    sampleTokenDifficulty(
      process.eagle3,
      emitted,
      request.copied,
      scores.eagle3[r]!,
      headDraws,
      scratch,
      MAX_K,
    );
  }
  const column = { maxK: MAX_K, offsets, kind: 'fitted' } as const;
  return {
    name: process.dataset,
    provenance: {
      source: process.source,
      target: process.target,
      dataset: process.dataset,
      engine: null,
      licence: null,
    },
    ids: Array.from({ length: requests }, (_, r) => String(r)),
    promptTokens: lengths(process.promptTokens, scores.prompt),
    outputTokens,
    outputLimit: null,
    drafters: new Map<string, PositionLengths>([
      ['ngram', { ...column, emitted: ngram, proposed }],
      ['eagle3', { ...column, emitted: eagle3, proposed: 'always' }],
    ]),
    tokens: null,
  };
}

function lengths(table: readonly number[], uniforms: Float64Array): Int32Array {
  return Int32Array.from(uniforms, (uniform) => {
    let above = 1;
    while (uniform >= QUANTILES[above]! && above < QUANTILES.length - 1) above++;
    const from = QUANTILES[above - 1]!;
    const share = (uniform - from) / (QUANTILES[above]! - from);
    return Math.round(table[above - 1]! + share * (table[above]! - table[above - 1]!));
  });
}
