/**
 * Fits an acceptance process to a recording, or checks the committed ones (docs/acceptance-process.md).
 *
 *   npx tsx scripts/fit-process.ts RECORDING.jsonl --out traces/llama-3.1-8b/gsm8k.json [--requests 3000] [--from OLD.json [--part ngram]]
 *   npx tsx scripts/fit-process.ts --check RECORDINGS_FOLDER [--dataset gsm8k] [--seeds 2001-2024]
 *
 * With --seeds the errors of other samples are printed, and the files stay as they are.
 */
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { fitProcess, PARTS, refineProcess } from './process-fit/fit.ts';
import { type FitError, replayError, UNSEEN_SEEDS } from './process-fit/fit-error.ts';
import { plainGuess } from './process-fit/parameters.ts';
import { readProcess, writeProcess } from './process-fit/process-file.ts';
import { readRecording } from './process-fit/recording.ts';
import { simulatedErrors } from './process-fit/simulated-error.ts';

const FOLDER = 'traces/llama-3.1-8b';
const DATASETS = ['gsm8k', 'cnn', 'sharegpt', 'instructcoder'];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    out: { type: 'string' },
    requests: { type: 'string', default: '3000' },
    from: { type: 'string' },
    part: { type: 'string', multiple: true },
    check: { type: 'string' },
    dataset: { type: 'string' },
    seeds: { type: 'string' },
  },
});

if (values.check !== undefined) await check(values.check);
else if (positionals.length === 1 && values.out !== undefined)
  await fitRecording(positionals[0]!, values.out);
else
  throw new Error(
    'usage: fit-process.ts RECORDING.jsonl --out FILE [--requests N] [--from FILE [--part PART]] | --check FOLDER [--dataset NAME] [--seeds FROM-TO]',
  );

async function fitRecording(recordingPath: string, out: string): Promise<void> {
  const recording = readRecording(recordingPath);
  const requests = Number(values.requests);
  const parts = values.part === undefined ? PARTS : PARTS.filter((part) => values.part!.includes(part));
  const process =
    values.from === undefined
      ? fitProcess(plainGuess(recording, basename(out, '.json')), recording, requests, console.log)
      : refineProcess(readProcess(values.from), recording, requests, console.log, parts);
  writeProcess(out, process);
  await measure(out, recordingPath);
}

async function check(folder: string): Promise<void> {
  for (const dataset of DATASETS) {
    if (values.dataset !== undefined && values.dataset !== dataset) continue;
    await measure(join(FOLDER, `${dataset}.json`), join(folder, `combined_${dataset}.jsonl`));
  }
}

/** Prints the errors of a process, and writes those of the usual seeds into its file. */
async function measure(path: string, recordingPath: string): Promise<void> {
  const process = readProcess(path);
  const seeds = values.seeds === undefined ? UNSEEN_SEEDS : seedsOf(values.seeds);
  const replays = replayError(process, readRecording(recordingPath), seeds);
  const speedups = await simulatedErrors(path, recordingPath, console.log, seeds);
  const error: FitError = {
    ngram: { ...replays.ngram, ...speedups.ngram },
    eagle3: { ...replays.eagle3, ...speedups.eagle3 },
    combined: { ...replays.combined, ...speedups.combined },
  };
  if (values.seeds === undefined) writeProcess(path, { ...process, fitError: error });
  print(path, error);
}

/** Whole numbers FROM to TO of `FROM-TO`. */
function seedsOf(text: string): number[] {
  const [from, to] = text.split('-').map(Number);
  if (!(Number.isInteger(from) && Number.isInteger(to) && from! <= to!)) {
    throw new Error(`--seeds: got ${text}, expected two whole numbers such as 2001-2024`);
  }
  return Array.from({ length: to! - from! + 1 }, (_, i) => from! + i);
}

function print(what: string, error: FitError): void {
  const { seeds } = error.ngram;
  console.log(`${what} (seeds ${seeds[0]} to ${seeds.at(-1)})`);
  console.table(
    Object.fromEntries(
      Object.entries(error).map(([method, { requests: _, seeds: __, ...errors }]) => [
        method,
        Object.fromEntries(
          Object.entries(errors).map(([name, value]) => [name.replace('Percent', ''), value]),
        ),
      ]),
    ),
  );
}
