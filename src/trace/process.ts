/**
 * The acceptance process: a few dozen named numbers that replay like a recording. One process describes one
 * target on one data set: lengths, the n-gram look-up and draft models, and how they go together
 * (docs/acceptance-process.md).
 */

import * as z from 'zod/mini';
import { shown, UserError } from '../errors.ts';
import { drawKeys } from '../random/hashed.ts';
import { strictObject, validate } from '../validate.ts';
import { CopyRunSampler, copyRunsSchema } from './copy-runs.ts';
import { offsetsOfLengths } from './flat.ts';
import { copulaSchema, sampleRequestScores } from './request-scores.ts';
import { SampledRounds } from './sampled-rounds.ts';
import { DifficultySampler, tokenDifficultySchema } from './token-difficulty.ts';
import type { AcceptanceTrace, PositionLengths, Provenance } from './trace.ts';

/** The largest draft length a process answers for, in tokens: that of the recordings it is fitted to. */
export const MAX_K = 20;

/** The probabilities of the quantile tables. */
export const QUANTILES = [
  0, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.975, 0.99, 1,
] as const;

const quantileTable = z.array(z.number().check(z.gte(1), z.lte(1e6))).check(
  z.length(QUANTILES.length),
  z.refine((tokens) => tokens.every((value, i) => i === 0 || value >= tokens[i - 1]!), 'must not decrease'),
);

const percent = z.number().check(z.gte(0));
const fitError = strictObject({
  requests: z.int().check(z.positive()),
  seeds: z.array(z.int()).check(z.minLength(1)),
  tokensPerRoundMeanPercent: percent,
  tokensPerRoundWorstPercent: percent,
  speedupMeanPercent: percent,
  speedupWorstPercent: percent,
  spreadPercent: percent,
  driftMeanPercent: percent,
});

/** The methods whose drafts a model makes, all sampled alike. */
export const MODEL_METHODS = ['eagle', 'eagle3', 'draft-model'] as const;
export type ModelMethod = (typeof MODEL_METHODS)[number];

const text = z.string().check(z.minLength(1));

/** What the numbers of a part are fitted to, and which of them are another process's because nothing tells them. */
const origin = strictObject({
  fittedTo: z.nullable(text),
  borrowed: z.exactOptional(strictObject({ from: text, numbers: z.array(text).check(z.minLength(1)) })),
  /** The card of the draft model. */
  draft: z.exactOptional(text),
});

/** The mean emitted length of a request over its positions: 5th percentile, quartiles, 95th percentile. */
const requestQuantiles = z.array(z.number().check(z.gte(1))).check(z.length(5));
const published = strictObject({ published: requestQuantiles, reached: requestQuantiles });

const processSchema = strictObject({
  schemaVersion: z.literal(2),
  process: z.literal('copy-run and token-difficulty'),
  dataset: text,
  target: text,
  /** What is unlike a plain run of the target, such as `thinking on`; null when nothing is. */
  setting: z.nullable(text),
  conventions: z.string(),
  origins: strictObject({
    lengths: origin,
    copula: origin,
    ngram: origin,
    eagle: z.exactOptional(origin),
    eagle3: z.exactOptional(origin),
    'draft-model': z.exactOptional(origin),
  }),
  promptTokens: quantileTable,
  outputTokens: quantileTable,
  copula: copulaSchema,
  ngram: copyRunsSchema,
  eagle: z.exactOptional(tokenDifficultySchema),
  eagle3: z.exactOptional(tokenDifficultySchema),
  'draft-model': z.exactOptional(tokenDifficultySchema),
  requestMeans: strictObject({
    ngram: z.exactOptional(published),
    eagle: z.exactOptional(published),
    eagle3: z.exactOptional(published),
    'draft-model': z.exactOptional(published),
  }),
  fitError: z.exactOptional(
    strictObject({
      ngram: z.extend(fitError, { withoutProposalPercent: percent }),
      eagle3: fitError,
      combined: fitError,
    }),
  ),
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

/** The methods that a process has the acceptance of. */
export function processMethods(process: AcceptanceProcess): readonly string[] {
  return ['ngram', ...MODEL_METHODS.filter((method) => process[method] !== undefined)];
}

/** Where the acceptance of the methods is from, each source once; what is unlike a plain run of the target; and what is borrowed. */
export function processProvenance(
  { target, dataset, setting, origins }: AcceptanceProcess,
  methods: readonly string[],
): Provenance {
  const sources = methods.flatMap((method) => origins[method as keyof typeof origins]?.fittedTo ?? []);
  const { borrowed: lengths } = origins.lengths;
  const draft = methods.includes('draft-model') ? origins['draft-model']?.draft : undefined;
  return {
    source: [
      `fitted to ${[...new Set(sources)].join('; ')}`,
      ...(setting === null ? [] : [setting]),
      ...(lengths === undefined ? [] : [`${lengths.numbers.join(' and ')} borrowed from ${lengths.from}`]),
    ].join(', '),
    target,
    dataset,
    engine: null,
    licence: null,
    ...(draft !== undefined && { draft }),
  };
}

/**
 * Samples requests of a process. The same seed and number of requests give the same trace; request effects
 * are stratified over the sample, so that a few hundred requests already have the means of the process.
 * A method's column is sampled when it is first read, and is the same whichever others are.
 *
 * @param options requests: how many, at least 1; seed: any integer
 * @throws UserError when `requests` is not a positive integer
 */
export function sampleProcess(
  process: AcceptanceProcess,
  { requests, seed }: { readonly requests: number; readonly seed: number },
): AcceptanceTrace {
  if (!Number.isInteger(requests) || requests < 1) {
    throw new UserError(`requests: got ${shown(requests)}, expected a whole number of at least 1`);
  }
  const scores = sampleRequestScores(process.copula, requests, seed);
  const outputTokens = lengths(process.outputTokens, scores.output);
  const offsets = offsetsOfLengths(outputTokens);
  const positions = offsets[requests]!;
  const longest = outputTokens.reduce((most, tokens) => Math.max(most, tokens), 0);
  const copyRuns = new CopyRunSampler(process.ngram, longest, MAX_K);
  const ofRequest = (column: Uint8Array, r: number) => column.subarray(offsets[r]!, offsets[r + 1]!);
  const copyKeys = drawKeys(seed, 'acceptance', 'ngram');
  let kept: CopyRunColumns | null = null;
  const lookedUp = (): CopyRunColumns => {
    if (kept === null) {
      const columns = { emitted: new Uint8Array(positions), proposed: new Uint8Array(positions) };
      for (let r = 0; r < requests; r++) {
        const request = {
          emitted: ofRequest(columns.emitted, r),
          proposed: ofRequest(columns.proposed, r),
        };
        copyRuns.sample(request, scores.copy[r]!, copyKeys(r));
      }
      kept = columns;
    }
    return kept;
  };
  // Where nobody asks for look-up, where it copies is kept of one request at a time: a million take a lot of room.
  const one = new Uint8Array(longest);
  const copiesOf = (r: number): Uint8Array => {
    if (kept !== null) return ofRequest(kept.emitted, r);
    const copies = one.subarray(0, outputTokens[r]!);
    copyRuns.copies(copies, scores.copy[r]!, copyKeys(r));
    return copies;
  };
  const fittedTo = (method: keyof typeof process.origins) => ({
    ...(process.origins[method]?.fittedTo?.includes('quantiles') && { fittedTo: 'quantiles' as const }),
  });
  const drafters = new Map<string, PositionLengths>();
  drafters.set('ngram', {
    maxK: MAX_K,
    kind: 'fitted',
    offsets,
    ...fittedTo('ngram'),
    get emitted() {
      return lookedUp().emitted;
    },
    get proposed() {
      return lookedUp().proposed;
    },
  });
  for (const method of MODEL_METHODS) {
    const difficulty = process[method];
    if (difficulty === undefined) continue;
    const keys = drawKeys(seed, 'acceptance', method);
    const difficulties = new DifficultySampler(difficulty, longest, MAX_K);
    const sampler = new SampledRounds(offsets, difficulties, (r) =>
      difficulties.begin(copiesOf(r), scores.ease[r]!, keys(r)),
    );
    drafters.set(method, sampler.lengths({ maxK: MAX_K, kind: 'fitted', ...fittedTo(method) }));
  }
  return {
    name: process.dataset,
    provenance: processProvenance(process, processMethods(process)),
    ids: null,
    promptTokens: lengths(process.promptTokens, scores.prompt),
    outputTokens,
    outputLimit: null,
    drafters,
    tokens: null,
  };
}

interface CopyRunColumns {
  readonly emitted: Uint8Array;
  readonly proposed: Uint8Array;
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
