/**
 * Whether a process says more of a data set than the requests it was fitted to: fitted to one half of the requests,
 * its speedups against the other half's, beside those of the one half itself (docs/acceptance-process.md, section 6).
 *
 *   npx tsx scripts/process-fit/hold-out.ts RECORDINGS_FOLDER [DATASET...] [--splits 2] [--requests 1500]
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type AcceptanceProcess, sampleProcess } from '../../src/trace/process.ts';
import { sampleIndices, selectRequests } from '../../src/trace/reshape.ts';
import type { AcceptanceTrace } from '../../src/trace/trace.ts';
import { fitProcess } from './fit.ts';
import { BATCHES } from './moments.ts';
import { plainGuess } from './parameters.ts';
import { readRecording } from './recording.ts';
import { DRAFT_LENGTHS, type Method, mean, replayTotals, speedupProxy } from './replay-totals.ts';

const METHODS: readonly Method[] = ['ngram', 'eagle3', 'combined'];
/** Seeds that no fit uses. */
const SEEDS = [1001, 1002, 1003];
const SAMPLED = 3000;

/** Mean absolute error of the speedups, in percent, of one direction of one split. */
interface Comparison {
  readonly process: number;
  readonly recording: number;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    splits: { type: 'string', default: '2' },
    requests: { type: 'string', default: '1500' },
  },
});
const [folder, ...named] = positionals;
if (folder === undefined) throw new Error('usage: hold-out.ts RECORDINGS_FOLDER [DATASET...]');
const datasets = named.length > 0 ? named : ['gsm8k', 'cnn', 'sharegpt', 'instructcoder'];

console.log(
  '| data set | method | process against the other half | half against half | ratio | of each fit |',
);
console.log('|---|---|---|---|---|---|');
for (const dataset of datasets) {
  const recording = readRecording(join(folder, `combined_${dataset}.jsonl`));
  const found = new Map(METHODS.map((method) => [method, [] as Comparison[]]));
  for (let split = 1; split <= Number(values.splits); split++) {
    for (const [fitted, held] of directions(halves(recording, split))) {
      const process = fitProcess(start(fitted, dataset), fitted, Number(values.requests), () => {});
      for (const method of METHODS) {
        const sampled = SEEDS.map((seed) =>
          speedups(sampleProcess(process, { requests: SAMPLED, seed }), method),
        );
        const ofProcess = sampled[0]!.map((_, i) => mean(sampled.map((each) => each[i]!)));
        const target = speedups(held, method);
        found.get(method)!.push({
          process: errorPercent(ofProcess, target),
          recording: errorPercent(speedups(fitted, method), target),
        });
      }
    }
  }
  for (const [method, all] of found) {
    const ofProcess = mean(all.map((each) => each.process));
    const ofRecording = mean(all.map((each) => each.recording));
    const each = all.map((one) => `${one.process.toFixed(2)} / ${one.recording.toFixed(2)}`).join(', ');
    console.log(
      `| ${dataset} | ${method} | ${ofProcess.toFixed(2)} | ${ofRecording.toFixed(2)} | ${(ofProcess / ofRecording).toFixed(2)} | ${each} |`,
    );
  }
}

function halves(recording: AcceptanceTrace, split: number): readonly [AcceptanceTrace, AcceptanceTrace] {
  const total = recording.outputTokens.length;
  const chosen = sampleIndices(total, Math.floor(total / 2), split);
  const one = new Set(chosen);
  const other = Array.from(recording.outputTokens, (_, r) => r).filter((r) => !one.has(r));
  return [selectRequests(recording, chosen), selectRequests(recording, other)];
}

function directions<T>([one, other]: readonly [T, T]): readonly (readonly [T, T])[] {
  return [
    [one, other],
    [other, one],
  ];
}

/** Nothing that was fitted to the other half: the plain guess, and for code the start that it needs. */
function start(fitted: AcceptanceTrace, dataset: string): AcceptanceProcess {
  const guess = plainGuess(fitted, dataset);
  if (dataset !== 'instructcoder') return guess;
  return { ...guess, ngram: { ...guess.ngram, opening: 2.5, wholeCopy: { share: 0.7, hazard: 0.03 } } };
}

/** At every draft length and batch size. */
function speedups(trace: AcceptanceTrace, method: Method): number[] {
  return DRAFT_LENGTHS.flatMap((length) => {
    const totals = replayTotals(trace, method, length);
    return BATCHES.map((batch) => speedupProxy(totals, batch));
  });
}

function errorPercent(got: readonly number[], target: readonly number[]): number {
  return mean(target.map((value, i) => 100 * Math.abs(got[i]! / value - 1)));
}
