/**
 * The published simulation by the program of the study's authors (SpecDecode-Bench/simulator) and by this one, side by
 * side on one machine: seconds, their ratio, and how far the speedups lie apart.
 *
 *   npx tsx scripts/against-authors.ts CHECKOUT [--datasets gsm8k,cnn] [--batch 1,8]
 *
 * CHECKOUT is the folder of main.py, with its requirements met; PYTHON names the interpreter. All of it takes their
 * program an hour and a half, and batch sizes count: less is compared on the same part. They run 300 requests of a
 * data set, this program all of them, and its intervals.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { Result } from '../src/scenario/result.ts';

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    datasets: { type: 'string', default: 'gsm8k,instructcoder,sharegpt,cnn' },
    batch: { type: 'string', default: '1,8,16,32,64,128' },
  },
});
const [checkout] = positionals;
if (checkout === undefined) throw new Error('name the folder of their main.py');
const datasets = values.datasets.split(',');
const batches = values.batch.split(',');

const PROGRAM = join(import.meta.dirname, '../dist/cli/main.js');

/** Their name of a setting, and ours. */
const SETTINGS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  ngram: { FIXED_1: 'ngram 1', FIXED_3: 'ngram 3', FIXED_5: 'ngram 5', ORACLE: 'oracle:ngram null' },
  eagle3: { FIXED_1: 'eagle3 1', FIXED_3: 'eagle3 3', FIXED_5: 'eagle3 5', ORACLE: 'oracle:eagle3 null' },
  combined: { ORACLE: 'combined:ngram+eagle3 null' },
};

function timed(command: string, args: readonly string[], cwd: string): { seconds: number; stdout: string } {
  const began = performance.now();
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8', maxBuffer: 1e9 });
  if (status !== 0) throw new Error(`${command} ${args[0]} failed:\n${stderr}`);
  return { seconds: (performance.now() - began) / 1000, stdout };
}

const results = mkdtempSync(join(tmpdir(), 'specsim-authors-'));
const theirs = new Map<string, number>();
let theirSeconds = 0;
for (const [proposer, settings] of Object.entries(SETTINGS)) {
  const asked = ['--proposer', proposer, '--datasets', ...datasets, '--batch-sizes', ...batches];
  const args = ['main.py', ...asked, '--output-dir', results];
  theirSeconds += timed(process.env.PYTHON ?? 'python3', args, checkout).seconds;
  for (const dataset of datasets) {
    const [, ...lines] = readFileSync(join(results, `${proposer}_${dataset}_speedup.csv`), 'utf8')
      .trim()
      .split('\n');
    for (const line of lines) {
      const [batch, predicted, , speedup] = line.split(',');
      theirs.set(`${dataset} ${settings[predicted!]} ${batch}`, Number(speedup));
    }
  }
}
rmSync(results, { recursive: true });

const traces = datasets.map((dataset) => resolve(checkout, `data/llama3.1-8B/combined_${dataset}.jsonl`));
const methods = 'ngram,eagle3,oracle:ngram,oracle:eagle3,combined:ngram+eagle3';
const run = ['run', '--trace', traces.join(), '--method', methods, '--k', '1,3,5', '--batch', batches.join()];
const cases = (['specdecode-bench', 'roofline'] as const).map((cost) => {
  const format = ['--cost', cost, '--format', 'json'];
  const { seconds, stdout } = timed(process.execPath, [PROGRAM, ...run, ...format], checkout);
  return { cost, seconds, rows: (JSON.parse(stdout) as Result).rows };
});

console.log(`${theirs.size} speedups, ${datasets.join(', ')}, batch ${batches.join(', ')}`);
console.log(`their program            ${theirSeconds.toFixed(1).padStart(8)} s`);
for (const { cost, seconds, rows } of cases) {
  const apart = rows.map((row) => {
    const their = theirs.get(`${row.trace} ${row.method} ${row.k} ${row.batch_size}`);
    if (their === undefined) throw new Error(`they have no ${row.method} ${row.k} on ${row.trace}`);
    return Math.abs(row.speedup! - their);
  });
  console.log(
    [
      `specsim, ${cost.padEnd(16)}`,
      `${seconds.toFixed(2).padStart(7)} s`,
      `${(theirSeconds / seconds).toFixed(0)} times as fast`,
      `speedups at most ${Math.max(...apart).toFixed(3)} apart`,
    ].join('  '),
  );
}
