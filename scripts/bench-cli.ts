/**
 * How long commands take as whole processes, from their start: npm run bench:cli [-- FOLDER of the SpecDecode-Bench
 * recordings]. The least of a few runs, wall and processor; what starting node alone takes is listed first.
 * With SPECSIM_BENCH=sweep the long sweeps alone: 10,500 points on one and two workers, and once 100,800 points.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const PROGRAM = join(import.meta.dirname, '../dist/cli/main.js');
const RUNS = 5;

/** Has a process write its processor time to the pipe that this one reads. */
const METER = `data:text/javascript,${encodeURIComponent(
  `import { writeSync } from 'node:fs';
   process.on('exit', () => { const { user, system } = process.cpuUsage(); writeSync(3, String(user + system)); });`,
)}`;

const work = mkdtempSync(join(tmpdir(), 'specsim-bench-'));
process.on('exit', () => rmSync(work, { recursive: true }));

/** Prints a line, and returns the least wall time in seconds. */
function timed(what: string, args: readonly string[], runs = RUNS): number {
  let wallS = Number.POSITIVE_INFINITY;
  let cpuS = Number.POSITIVE_INFINITY;
  for (let i = 0; i < runs; i++) {
    rmSync(join(work, 'sweep'), { recursive: true, force: true });
    const began = performance.now();
    const { status, output } = spawnSync(process.execPath, ['--import', METER, ...args], {
      cwd: work,
      encoding: 'utf8',
      maxBuffer: 1e9,
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    });
    if (status !== 0) throw new Error(`${what}: ${output[2]}`);
    wallS = Math.min(wallS, (performance.now() - began) / 1000);
    cpuS = Math.min(cpuS, Number(output[3]) / 1e6);
  }
  console.log(
    `${what.padEnd(56)} ${wallS.toFixed(2).padStart(6)} s wall  ${cpuS.toFixed(2).padStart(6)} s of CPU`,
  );
  return wallS;
}

const specsim = (what: string, ...args: string[]) => timed(what, [PROGRAM, ...args]);

/** Every point of a grid, on one worker and on two. */
function sweeps(points: string, grid: object, jobs: readonly number[], runs = RUNS): void {
  writeFileSync(join(work, 'grid.json'), JSON.stringify(grid));
  const [alone, together] = jobs.map((workers) => {
    const args = ['sweep', 'grid.json', '--jobs', String(workers), '--out', 'sweep', '--quiet'];
    return timed(`specsim sweep, ${points} points, ${workers} worker(s)`, [PROGRAM, ...args], runs);
  });
  if (together !== undefined)
    console.log(`two workers are ${(alone! / together).toFixed(2)} times as fast as one`);
}

/** So many bandwidths from 1 TB/s on, a tenth of a terabyte a second apart. */
const bandwidths = (count: number) => ({
  'hardware.memoryBandwidth': Array.from({ length: count }, (_, i) => `${(1 + i / 10).toFixed(1)} TB/s`),
});

const METHODS = ['none', 'ngram', 'eagle3', 'eagle', 'hybrid:ngram+eagle3'];
const GPUS = ['h100-sxm', 'h200-sxm', 'a100-sxm-80', 'b200-sxm', 'l40s'];
const FEW_REQUESTS = {
  method: METHODS,
  k: [1, 2, 3, 5, 8],
  batch: [1, 4, 16, 64, 128],
  trace: ['gsm8k', 'cnn'],
  gpu: GPUS,
  requests: 50,
};

if (process.env.SPECSIM_BENCH === 'sweep') {
  sweeps('10,500', { ...FEW_REQUESTS, set: bandwidths(10) }, [1, 2], 2);
  const all = { ...FEW_REQUESTS, batch: [1, 2, 4, 8, 16, 32, 64, 128], requests: 1000 };
  const trace = ['gsm8k', 'cnn', 'instructcoder', 'sharegpt'];
  sweeps('100,800', { ...all, trace, set: bandwidths(30) }, [2], 1);
  process.exit();
}

timed('node alone', ['-e', '0']);
specsim('specsim --help', '--help');
specsim('specsim run, one point', 'run', '--method', 'eagle3', '--k', '3', '--batch', '1');

const stated = ['--acceptance', 'suffix=0.5', '--draft', 'llama-3.2-1b', '--acceptance', 'draft-model=0.6'];
const methods = 'ngram,eagle,eagle3,suffix,draft-model,hybrid:ngram+eagle3';
specsim('specsim tune, 6 methods, 16 k, 9 batch sizes', 'tune', '--method', methods, ...stated);
specsim('specsim tune --tree best, 9 batch sizes', 'tune', '--method', 'eagle3', '--tree', 'best');

sweeps('1,050', FEW_REQUESTS, [1, 2]);

const folder = resolve(process.argv[2] ?? '../shared/data/recordings/specdecode-bench');
if (existsSync(folder)) {
  const traces = readdirSync(folder).map((name) => join(folder, name));
  const settings = 'ngram,eagle3,oracle:ngram,oracle:eagle3,combined:ngram+eagle3';
  const rest = ['--k', '1,3,5', '--batch', '1,8,16,32,64,128', '--format', 'csv'];
  specsim(
    'the published simulation, 216 points',
    'run',
    '--trace',
    traces.join(),
    '--method',
    settings,
    ...rest,
  );
} else console.log(`the published simulation: no recordings in ${folder}`);
