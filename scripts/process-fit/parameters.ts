/** The free numbers of an acceptance process as unbounded coordinates, in the two stages they are fitted in. */
import type { CopyRuns } from '../../src/trace/copy-runs.ts';
import { type AcceptanceProcess, QUANTILES } from '../../src/trace/process.ts';
import type { Copula } from '../../src/trace/request-scores.ts';
import type { TokenDifficulty } from '../../src/trace/token-difficulty.ts';
import type { AcceptanceTrace } from '../../src/trace/trace.ts';

/** One coordinate: its value, and the width over which slopes are taken. */
interface Coordinate {
  readonly start: number;
  readonly step: number;
}

export interface Stage {
  readonly start: readonly number[];
  readonly steps: readonly number[];
  /** The process with the stage's coordinates replaced. */
  readonly apply: (values: readonly number[]) => AcceptanceProcess;
}

/** Rows of the triangle that the copula comes from, before they are scaled to length one. */
interface CopulaRows {
  readonly prompt: readonly [number, number];
  readonly ngram: readonly [number, number, number];
  readonly eagle3: readonly [number, number, number, number];
}

const log = (value: number, step = 0.15): Coordinate => ({ start: Math.log(Math.max(value, 1e-3)), step });
const plain = (value: number, step: number): Coordinate => ({ start: value, step });
const logit = (value: number, step = 0.2): Coordinate => {
  const inside = Math.min(Math.max(value, 0.002), 0.998);
  return { start: Math.log(inside / (1 - inside)), step };
};
const fromLogit = (value: number): number => 1 / (1 + Math.exp(-value));

function stage(coordinates: readonly Coordinate[], build: (next: () => number) => AcceptanceProcess): Stage {
  return {
    start: coordinates.map(({ start }) => start),
    steps: coordinates.map(({ step }) => step),
    apply: (values) => {
      let used = 0;
      return build(() => values[used++]!);
    },
  };
}

/** Everything of the n-gram look-up, and how its score goes with the lengths. */
export function ngramStage(process: AcceptanceProcess): Stage {
  const { ngram: p, copula } = process;
  const rows = rowsOf(copula);
  return stage(
    [
      ...p.startAlongOutput.map((value) => plain(value, 0.15)),
      plain(p.opening, 0.3),
      log(p.requestSd, 0.2),
      plain(p.afterBreak.atOnce, 0.15),
      plain(p.afterBreak.soon, 0.15),
      plain(p.afterBreak.later, 0.15),
      log(p.run.alpha),
      log(p.run.beta),
      logit(p.run.floor, 0.3),
      log(p.run.lengthSd, 0.3),
      logit(p.wholeCopy.share, 0.4),
      log(p.wholeCopy.hazard, 0.2),
      plain(p.lookup.found, 0.1),
      plain(p.lookup.perDoubling, 0.05),
      logit(p.lookup.short),
      plain(rows.ngram[0] / rows.ngram[2], 0.15),
      plain(rows.ngram[1] / rows.ngram[2], 0.15),
    ],
    (next) => {
      const ngram: CopyRuns = {
        startAlongOutput: p.startAlongOutput.map(next),
        opening: next(),
        requestSd: Math.exp(next()),
        afterBreak: { atOnce: next(), soon: next(), later: next() },
        run: {
          alpha: Math.exp(next()),
          beta: Math.exp(next()),
          floor: fromLogit(next()),
          lengthSd: Math.exp(next()),
        },
        wholeCopy: { share: fromLogit(next()), hazard: Math.min(Math.exp(next()), 1) },
        lookup: { found: next(), perDoubling: next(), short: fromLogit(next()) },
      };
      return { ...process, ngram, copula: copulaOf({ ...rows, ngram: [next(), next(), 1] }) };
    },
  );
}

/** Everything of the EAGLE-3 head, and how its score goes with the lengths and the look-up's. */
export function eagle3Stage(process: AcceptanceProcess): Stage {
  const { eagle3: p, copula } = process;
  if (p === undefined) throw new Error('expected a process with an EAGLE-3 head');
  const rows = rowsOf(copula);
  return stage(
    [
      ...p.difficultyAlongOutput.map((value) => plain(value, 0.08)),
      log(p.requestSd, 0.2),
      log(p.local.sd),
      logit(p.local.correlation),
      log(p.roundSd),
      log(p.depth.factor),
      log(p.depth.power),
      plain(p.beyond7.step, 0.15),
      plain(p.beyond7.slope, 0.05),
      plain(p.copied, 0.1),
      ...[0, 1, 2].map((i) => plain(rows.eagle3[i]! / rows.eagle3[3], 0.15)),
    ],
    (next) => {
      const eagle3: TokenDifficulty = {
        difficultyAlongOutput: p.difficultyAlongOutput.map(next),
        requestSd: Math.exp(next()),
        local: { sd: Math.exp(next()), correlation: fromLogit(next()) },
        roundSd: Math.exp(next()),
        depth: { factor: Math.exp(next()), power: Math.exp(next()) },
        beyond7: { step: next(), slope: next() },
        copied: next(),
      };
      return { ...process, eagle3, copula: copulaOf({ ...rows, eagle3: [next(), next(), next(), 1] }) };
    },
  );
}

/** What a reader of a process file has to know. */
export const CONVENTIONS =
  "lengths in tokens at the quantiles 0, 1, 2.5, 5, 10, 20 ... 90, 95, 97.5, 99, 100 %; values along the output at 0, 10, 30, 60, 90, 100 % of it; ngram in logits, eagle, eagle3 and draft-model in standard deviations of token noise, negative is easier; requestMeans: 5, 25, 50, 75 and 95 % of the requests' mean emitted length over positions at k = 20";

/** Lengths from the recording; everything else a plain guess that the stages start from. */
export function plainGuess(trace: AcceptanceTrace, dataset: string): AcceptanceProcess {
  const together = normalScoreCorrelation(trace.promptTokens, trace.outputTokens);
  const origin = {
    fittedTo: `the ${dataset} recording of SpecDecode-Bench/simulator@2fdccbd (vLLM on H100, EAGLE-3 and n-gram look-up, k = 20)`,
  };
  return {
    schemaVersion: 2,
    process: 'copy-run and token-difficulty',
    dataset,
    target: 'llama-3.1-8b',
    setting: null,
    conventions: CONVENTIONS,
    origins: { lengths: origin, copula: origin, ngram: origin, eagle3: origin },
    promptTokens: quantiles(trace.promptTokens),
    outputTokens: quantiles(trace.outputTokens),
    copula: copulaOf({
      prompt: [together, Math.sqrt(1 - together ** 2)],
      ngram: [0, 0, 1],
      eagle3: [0, 0, 0.3, 1],
    }),
    ngram: {
      startAlongOutput: [-3, -2.5, -2.3, -2.3, -2.3, -2.5],
      opening: 0,
      requestSd: 0.4,
      afterBreak: { atOnce: 0.2, soon: -0.5, later: 0.2 },
      run: { alpha: 3, beta: 5, floor: 0.02, lengthSd: 0.3 },
      wholeCopy: { share: 0.02, hazard: 0.03 },
      lookup: { found: -1.8, perDoubling: 0.25, short: 0.1 },
    },
    eagle3: {
      difficultyAlongOutput: [-0.5, -0.5, -0.55, -0.6, -0.6, -0.5],
      requestSd: 0.15,
      local: { sd: 0.7, correlation: 0.6 },
      roundSd: 0.4,
      depth: { factor: 0.2, power: 0.45 },
      beyond7: { step: 0.5, slope: 0 },
      copied: 0.7,
    },
    requestMeans: {},
  };
}

function quantiles(tokens: Int32Array): number[] {
  const sorted = tokens.toSorted();
  return QUANTILES.map((share) => {
    const place = share * (sorted.length - 1);
    const below = Math.floor(place);
    const above = sorted[Math.min(below + 1, sorted.length - 1)]!;
    return Math.round(sorted[below]! + (place - below) * (above - sorted[below]!));
  });
}

/** Correlation of the normal scores, from the rank correlation (exact for a Gaussian copula). */
function normalScoreCorrelation(a: Int32Array, b: Int32Array): number {
  const [ranksA, ranksB] = [ranks(a), ranks(b)];
  const centre = (a.length - 1) / 2;
  let product = 0;
  let square = 0;
  for (let i = 0; i < a.length; i++) {
    product += (ranksA[i]! - centre) * (ranksB[i]! - centre);
    square += (ranksA[i]! - centre) ** 2;
  }
  return 2 * Math.sin((Math.PI / 6) * (product / square));
}

function ranks(values: Int32Array): Float64Array {
  const order = Array.from(values, (_, i) => i).sort((a, b) => values[a]! - values[b]!);
  const result = new Float64Array(values.length);
  order.forEach((i, rank) => {
    result[i] = rank;
  });
  return result;
}

/** Correlations of the scaled rows: any rows give a valid matrix, so no move of the fit leaves it. */
function copulaOf(rows: CopulaRows): Copula {
  const [prompt, ngram, eagle3] = [rows.prompt, rows.ngram, rows.eagle3].map(scaled);
  const output = [1];
  return {
    outputPrompt: dot(output, prompt!),
    outputCopy: dot(output, ngram!),
    outputEase: dot(output, eagle3!),
    promptCopy: dot(prompt!, ngram!),
    promptEase: dot(prompt!, eagle3!),
    copyEase: dot(ngram!, eagle3!),
  };
}

function rowsOf(c: Copula): CopulaRows {
  const prompt = [c.outputPrompt, Math.sqrt(1 - c.outputPrompt ** 2)] as const;
  const n1 = (c.promptCopy - c.outputPrompt * c.outputCopy) / prompt[1];
  const ngram = [c.outputCopy, n1, Math.sqrt(1 - c.outputCopy ** 2 - n1 ** 2)] as const;
  const e1 = (c.promptEase - c.outputPrompt * c.outputEase) / prompt[1];
  const e2 = (c.copyEase - c.outputCopy * c.outputEase - n1 * e1) / ngram[2];
  const e3 = Math.sqrt(1 - c.outputEase ** 2 - e1 ** 2 - e2 ** 2);
  return { prompt, ngram, eagle3: [c.outputEase, e1, e2, e3] };
}

function scaled(row: readonly number[]): number[] {
  const length = Math.hypot(...row);
  return row.map((value) => value / length);
}

/** The product of two rows of a triangle, the shorter one padded with zeros. */
function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((total, value, i) => total + value * (b[i] ?? 0), 0);
}
