/**
 * Fits an acceptance process to a recording, or checks the committed ones (docs/acceptance-process.md).
 *
 *   npx tsx scripts/fit-process.ts RECORDING.jsonl --out traces/llama-3.1-8b/gsm8k.json [--requests 3000] [--from OLD.json]
 *   npx tsx scripts/fit-process.ts --check RECORDINGS_FOLDER
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { leastSquares } from '../src/cost/calibration/least-squares.ts';
import { type AcceptanceProcess, parseProcess, sampleProcess } from '../src/trace/process.ts';
import type { AcceptanceTrace } from '../src/trace/trace.ts';
import { fitError, UNSEEN_SEEDS } from './process-fit/fit-error.ts';
import { deviations, eagle3Moments, type Moments, ngramMoments } from './process-fit/moments.ts';
import { eagle3Stage, firstGuess, ngramStage, type Stage } from './process-fit/parameters.ts';
import { readRecording } from './process-fit/recording.ts';

const FOLDER = 'traces/llama-3.1-8b';
const DATASETS = ['gsm8k', 'cnn', 'sharegpt', 'instructcoder'];
/** Samples that the fit compares with the recording. */
const FIT_SEEDS = [1, 2];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    out: { type: 'string' },
    requests: { type: 'string', default: '3000' },
    from: { type: 'string' },
    check: { type: 'string' },
  },
});

if (values.check !== undefined) check(values.check);
else if (positionals.length === 1 && values.out !== undefined) fitRecording(positionals[0]!, values.out);
else
  throw new Error(
    'usage: fit-process.ts RECORDING.jsonl --out FILE [--requests N] [--from FILE] | --check FOLDER',
  );

function fitRecording(recordingPath: string, out: string): void {
  const recording = readRecording(recordingPath);
  const start = values.from === undefined ? guess(recording, basename(out, '.json')) : read(values.from);
  const requests = Number(values.requests);
  let process = start;
  for (const [count, seeds] of [
    [Math.min(1000, requests), FIT_SEEDS.slice(0, 1)],
    [requests, FIT_SEEDS],
  ] as const) {
    process = fitStage('n-gram', ngramStage(process), recording, ngramMoments, count, seeds);
    process = fitStage('eagle-3', eagle3Stage(process), recording, eagle3Moments, count, seeds);
  }
  const written = rounded(process);
  const json = JSON.stringify({ ...written, fitError: fitError(written, recording) }, null, 2);
  writeFileSync(
    out,
    execFileSync('npx', ['biome', 'format', '--stdin-file-path=process.json'], { input: json }),
  );
  print(out, read(out));
}

function fitStage(
  name: string,
  stage: Stage,
  recording: AcceptanceTrace,
  moments: (trace: AcceptanceTrace) => Moments,
  requests: number,
  seeds: readonly number[],
): AcceptanceProcess {
  console.log(`${name}, ${requests} requests`);
  const target = moments(recording);
  const deviationsAt = (parameters: readonly number[]) => {
    const process = stage.apply(parameters);
    const all = seeds.map((seed) => deviations(target, moments(sampleProcess(process, { requests, seed }))));
    return all[0]!.map((_, i) => all.reduce((total, sample) => total + sample[i]!, 0) / all.length);
  };
  // Slopes over steps far wider than the simulation's noise; what the data do not tell stays where it was.
  const { parameters: found } = leastSquares(deviationsAt, stage.start, {
    steps: stage.steps,
    iterations: 12,
    farthest: 6,
    pull: stage.steps.map((step) => 12 * step),
    tolerance: 0.003,
    log: console.log,
  });
  const names = [...target.keys()];
  const worst = deviationsAt(found)
    .map((value, i) => [names[i]!, value] as const)
    .sort((a, b) => Math.abs(b[1]) - Math.abs(a[1]));
  for (const [moment, value] of worst.slice(0, 12)) console.log(`  ${moment}: ${value.toFixed(1)}`);
  return stage.apply(found);
}

function guess(recording: AcceptanceTrace, dataset: string): AcceptanceProcess {
  const unknown = {
    requests: 1,
    seeds: [0],
    tokensPerRoundMeanPercent: 0,
    tokensPerRoundWorstPercent: 0,
    speedupMeanPercent: 0,
    speedupWorstPercent: 0,
    spreadPercent: 0,
    driftMeanPercent: 0,
  };
  const description = {
    dataset,
    target: 'llama-3.1-8b',
    source: `fitted to the ${dataset} recording of SpecDecode-Bench/simulator@2fdccbd (vLLM on H100, EAGLE-3 and n-gram look-up, k = 20)`,
    conventions:
      'lengths in tokens at the quantiles 0, 1, 2.5, 5, 10, 20 ... 90, 95, 97.5, 99, 100 %; values along the output at 0, 10, 30, 60, 90, 100 % of it; ngram in logits, eagle3 in standard deviations of token noise, negative is easier',
  };
  return firstGuess(recording, description, {
    ngram: { ...unknown, withoutProposalPercent: 0 },
    eagle3: unknown,
    combined: unknown,
  });
}

function check(folder: string): void {
  for (const dataset of DATASETS) {
    const process = read(join(FOLDER, `${dataset}.json`));
    const recording = readRecording(join(folder, `combined_${dataset}.jsonl`));
    print(dataset, { ...process, fitError: fitError(process, recording) });
  }
}

function print(what: string, { fitError }: AcceptanceProcess): void {
  console.log(`${what} (seeds ${UNSEEN_SEEDS.join(', ')})`);
  console.table(
    Object.fromEntries(
      Object.entries(fitError).map(([method, { requests: _, seeds: __, ...errors }]) => [
        method,
        Object.fromEntries(
          Object.entries(errors).map(([name, value]) => [name.replace('Percent', ''), value]),
        ),
      ]),
    ),
  );
}

function read(path: string): AcceptanceProcess {
  return parseProcess(JSON.parse(readFileSync(path, 'utf8')), path);
}

function rounded(process: AcceptanceProcess): AcceptanceProcess {
  return JSON.parse(JSON.stringify(process), (_, value) =>
    typeof value === 'number' ? Number(value.toFixed(4)) : value,
  );
}
