/** How fast acceptance files are read: npm run bench:trace [-- FOLDER of the SpecDecode-Bench recordings]. */
import { existsSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readRecordFile } from '../src/node/record-file.ts';
import { NOTHING_STATED } from '../src/trace/formats/format.ts';

const ROUNDS = 200;
const REQUESTS = 5000;

async function timed(what: string, paths: readonly string[]): Promise<void> {
  const bytes = paths.reduce((sum, path) => sum + statSync(path).size, 0);
  const begin = performance.now();
  const cpu = process.cpuUsage();
  for (const path of paths) await readRecordFile(path, NOTHING_STATED, null);
  const seconds = (performance.now() - begin) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  console.log(
    `${what}: ${(bytes / 1e6).toFixed(1)} MB in ${seconds.toFixed(3)} s, ${(bytes / 1e6 / seconds).toFixed(0)} MB/s, ${((user + system) / 1e6).toFixed(3)} s of CPU`,
  );
}

const accepted = Array.from({ length: ROUNDS }, (_, i) => (i * i) % 4);
const total = accepted.reduce((sum, count) => sum + count, 0);
const metrics = {
  num_spec_steps: ROUNDS,
  num_accepted_draft_tokens: total,
  num_draft_tokens: 3 * ROUNDS,
  num_spec_tokens: 3,
  per_step_accepted: accepted,
  per_step_drafted: accepted.map(() => 3),
};
const made = join(tmpdir(), `specsim-bench-${process.pid}.jsonl`);
writeFileSync(
  made,
  Array.from(
    { length: REQUESTS },
    (_, r) => `${JSON.stringify({ id: `r${r}`, metrics: { speculative_decoding: metrics } })}\n`,
  ).join(''),
);
await timed('1,000,000 rounds of vLLM responses', [made]);
await timed('the same again', [made]);
rmSync(made);

const folder = process.argv[2] ?? '../shared/data/recordings/specdecode-bench';
if (existsSync(folder)) {
  const paths = readdirSync(folder).map((name) => join(folder, name));
  await timed('SpecDecode-Bench recordings, with look-up', paths);
}
