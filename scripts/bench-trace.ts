/**
 * How fast acceptance files are read: npm run bench:trace [-- FOLDER of the SpecDecode-Bench recordings].
 *
 * A million step records is said of two kinds of file: a step a line, and a request a line that lists its rounds. The
 * latter is 5 MB, so that its first reading is mostly the compiler's; ten times as many rounds show the rate itself.
 */
import { closeSync, existsSync, openSync, readdirSync, rmSync, statSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readRecordFile } from '../src/node/record-file.ts';
import { NOTHING_STATED } from '../src/trace/formats/format.ts';

const ROUNDS = 200;

async function timed(what: string, paths: readonly string[]): Promise<void> {
  const megabytes = paths.reduce((sum, path) => sum + statSync(path).size, 0) / 1e6;
  const begin = performance.now();
  const cpu = process.cpuUsage();
  for (const path of paths) await readRecordFile(path, NOTHING_STATED, null);
  const seconds = (performance.now() - begin) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  const cpuS = (user + system) / 1e6;
  const rate = (of: number) => `${(megabytes / of).toFixed(0)} MB/s`;
  console.log(
    `${what}: ${megabytes.toFixed(1)} MB in ${seconds.toFixed(3)} s (${rate(seconds)}), ${cpuS.toFixed(3)} s of CPU (${rate(cpuS)})`,
  );
}

/** Reads a file of `lines` lines made for it. */
async function timedMade(what: string, lines: number, line: (i: number) => object): Promise<void> {
  const path = join(tmpdir(), `specsim-bench-${process.pid}.jsonl`);
  const file = openSync(path, 'w');
  for (let i = 0; i < lines; ) {
    let text = '';
    for (const end = Math.min(i + 1000, lines); i < end; i++) text += `${JSON.stringify(line(i))}\n`;
    writeSync(file, text);
  }
  closeSync(file);
  await timed(what, [path]);
  rmSync(path);
}

const folder = process.argv[2] ?? '../shared/data/recordings/specdecode-bench';
if (existsSync(folder)) {
  const paths = readdirSync(folder).map((name) => join(folder, name));
  await timed('SpecDecode-Bench recordings, with look-up', paths);
}

const accepted = Array.from({ length: ROUNDS }, (_, i) => (i * i) % 4);
const metrics = {
  num_spec_steps: ROUNDS,
  num_accepted_draft_tokens: accepted.reduce((sum, count) => sum + count, 0),
  num_draft_tokens: 3 * ROUNDS,
  num_spec_tokens: 3,
  per_step_accepted: accepted,
  per_step_drafted: accepted.map(() => 3),
};
const response = (r: number) => ({ id: `r${r}`, metrics: { speculative_decoding: metrics } });
await timedMade('1,000,000 rounds of vLLM responses, 200 a line, first reading', 5000, response);
await timedMade('1,000,000 rounds of vLLM responses, second reading', 5000, response);
await timedMade('10,000,000 rounds of vLLM responses', 50_000, response);
await timedMade('1,000,000 TensorRT-LLM steps, one a line', 1_000_000, (iter) => ({
  iter,
  inflightBatchingStats: { numGenRequests: 6 },
  specDecodingStats: {
    numDraftTokens: 12,
    numAcceptedTokens: 6,
    numRequestsWithDraftTokens: 4,
    acceptanceLength: 2.5,
  },
}));
