/**
 * Other simulators beside this one, on the same workload and machine: seconds of processor time of whole processes, the
 * least of a few runs, and their ratio.
 *
 *   npx tsx scripts/against-peers.ts [--inference-lab FOLDER] [--blis FOLDER] [--authors FOLDER] [--requests 1000,20000]
 *
 * - inference-lab: a folder in which its npm package, @doublewordai/inference-lab, is installed;
 * - blis: a folder with its program `blis` (github.com/inference-sim/inference-sim, go build -o blis main.go);
 * - authors: the folder of main.py of SpecDecode-Bench/simulator, with its requirements met; PYTHON names the interpreter.
 *   All of it takes their program an hour and a half, and batch sizes count: --datasets gsm8k --batch 1,8 is a part.
 *
 * A peer that is not named is told so. The first two serve plain decoding: requests of 512 and 200 tokens, 20 a second,
 * Llama-3.1-8B on one H100. The authors' predict speedups of speculation in static batches.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { Result } from '../src/scenario/result.ts';

const { values } = parseArgs({
  options: {
    'inference-lab': { type: 'string' },
    blis: { type: 'string' },
    authors: { type: 'string' },
    requests: { type: 'string', default: '1000,20000' },
    datasets: { type: 'string', default: 'gsm8k,instructcoder,sharegpt,cnn' },
    batch: { type: 'string', default: '1,8,16,32,64,128' },
  },
});

const PROGRAM = join(import.meta.dirname, '../dist/cli/main.js');
const RUNS = 3;

interface Ran {
  readonly cpuS: number;
  readonly stdout: string;
}

/** bash counts what a process and its threads took. Throws an Error for a command that failed. */
function run(command: readonly string[], cwd: string): Ran {
  const script = 'TIMEFORMAT="%U %S"; time "$@"';
  const { status, stdout, stderr } = spawnSync('bash', ['-c', script, 'bash', ...command], {
    cwd,
    encoding: 'utf8',
    maxBuffer: 1e9,
  });
  if (status !== 0) throw new Error(`${command.join(' ')} failed:\n${stderr}`);
  const [user, system] = stderr.trim().split('\n').at(-1)!.split(' ').map(Number);
  return { cpuS: user! + system!, stdout };
}

const least = (command: readonly string[], cwd: string): number =>
  Math.min(...Array.from({ length: RUNS }, () => run(command, cwd).cpuS));

const specsim = (...args: string[]): string[] => [process.execPath, PROGRAM, ...args];

const PROMPT = '512';
const OUTPUT = '200';
const RATE = '20';

interface Peer {
  readonly name: 'inference-lab' | 'blis';
  /** What its folder has to hold, and how to come by it. */
  readonly needs: string;
  readonly from: string;
  version(folder: string): string;
  command(folder: string, requests: string): string[];
}

const PACKAGE = 'node_modules/@doublewordai/inference-lab';

const PEERS: readonly Peer[] = [
  {
    name: 'inference-lab',
    needs: `${PACKAGE}/package.json`,
    from: 'npm install @doublewordai/inference-lab',
    version: (folder) => JSON.parse(readFileSync(join(folder, PACKAGE, 'package.json'), 'utf8')).version,
    command(folder, requests) {
      const fixed = (value: string) => ({ type: 'fixed', value: Number(value) });
      const config = {
        hardware: {
          name: 'H100',
          compute_flops: 989e12,
          memory_bandwidth: 3.35e12,
          memory_capacity: 80 * 2 ** 30,
          bytes_per_param: 2,
        },
        model: {
          name: 'llama-3.1-8b',
          num_parameters: 8_030_261_248,
          num_layers: 32,
          hidden_dim: 4096,
          num_heads: 32,
          num_kv_heads: 8,
          max_seq_len: 131_072,
        },
        scheduler: {
          max_num_batched_tokens: 8192,
          max_num_seqs: 256,
          policy: 'fcfs',
          enable_chunked_prefill: true,
          block_size: 16,
        },
        workload: {
          arrival_pattern: 'poisson',
          arrival_rate: Number(RATE),
          num_requests: Number(requests),
          seed: 1,
          input_len_dist: fixed(PROMPT),
          output_len_dist: fixed(OUTPUT),
        },
        simulation: { log_interval: 1e6 },
      };
      const [path, wasm] = ['inference_lab.js', 'inference_lab_bg.wasm'].map((name) =>
        resolve(folder, PACKAGE, name),
      );
      const script = `import { readFileSync } from 'node:fs';
        import { initSync, run_simulation } from ${JSON.stringify(path)};
        initSync({ module: readFileSync(${JSON.stringify(wasm)}) });
        run_simulation(${JSON.stringify(JSON.stringify(config))});`;
      return [process.execPath, '--input-type=module', '-e', script];
    },
  },
  {
    name: 'blis',
    needs: 'blis',
    from: 'go build -o blis main.go in a checkout of github.com/inference-sim/inference-sim',
    version: (folder) => run(['git', 'rev-parse', '--short', 'HEAD'], folder).stdout.trim(),
    command(_, requests) {
      const served = ['--model', 'meta-llama/llama-3.1-8b-instruct', '--hardware', 'H100', '--tp', '1'];
      const load = ['--rate', RATE, '--num-requests', requests, '--seed', '1'];
      const all = (what: string, tokens: string) =>
        ['', '-stdev', '-min', '-max'].flatMap((part) => [`--${what}-tokens${part}`, tokens]);
      return ['./blis', 'run', ...served, ...load, ...all('prompt', PROMPT), ...all('output', OUTPUT)];
    },
  },
];

console.log(
  `node ${process.versions.node}, ${new Date().toISOString().slice(0, 10)}; seconds of processor time`,
);
for (const { name, needs, from, version, command } of PEERS) {
  const folder = values[name];
  if (folder === undefined || !existsSync(join(folder, needs))) {
    console.log(
      `${name}: not here${folder === undefined ? '' : ` (no ${needs} in ${folder})`}: ${from}, then --${name} FOLDER`,
    );
    continue;
  }
  for (const requests of values.requests.split(',')) {
    const lengths = ['--prompt-len', PROMPT, '--output-len', OUTPUT];
    const load = ['--load', `poisson:${RATE}`, '--requests', requests];
    const own = least(specsim('run', '--method', 'none', ...load, ...lengths), folder);
    const their = least(command(folder, requests), folder);
    console.log(
      `${name} ${version(folder)}, ${requests.padStart(7)} requests: ${their.toFixed(2).padStart(8)} s, specsim ${own.toFixed(2).padStart(7)} s, ratio ${(their / own).toFixed(2)}`,
    );
  }
}
if (values.authors === undefined) {
  console.log('authors: not here: check out SpecDecode-Bench/simulator, then --authors FOLDER');
} else besideAuthors(values.authors, values.datasets.split(','), values.batch.split(','));

/**
 * The published simulation, or a part of it, by the program of the study's authors and by this one, and how far the
 * speedups lie apart. They run 300 requests of a data set, this program all of them, and its intervals.
 */
function besideAuthors(checkout: string, datasets: readonly string[], batches: readonly string[]): void {
  /** Their name of a setting, and ours. */
  const settings: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    ngram: { FIXED_1: 'ngram 1', FIXED_3: 'ngram 3', FIXED_5: 'ngram 5', ORACLE: 'oracle:ngram null' },
    eagle3: { FIXED_1: 'eagle3 1', FIXED_3: 'eagle3 3', FIXED_5: 'eagle3 5', ORACLE: 'oracle:eagle3 null' },
    combined: { ORACLE: 'combined:ngram+eagle3 null' },
  };
  const results = mkdtempSync(join(tmpdir(), 'specsim-authors-'));
  const theirs = new Map<string, number>();
  let their = 0;
  for (const [proposer, names] of Object.entries(settings)) {
    const asked = ['--proposer', proposer, '--datasets', ...datasets, '--batch-sizes', ...batches];
    const python = process.env.PYTHON ?? 'python3';
    their += run([python, 'main.py', ...asked, '--output-dir', results], checkout).cpuS;
    for (const dataset of datasets) {
      const [, ...lines] = readFileSync(join(results, `${proposer}_${dataset}_speedup.csv`), 'utf8')
        .trim()
        .split('\n');
      for (const line of lines) {
        const [batch, predicted, , speedup] = line.split(',');
        theirs.set(`${dataset} ${names[predicted!]} ${batch}`, Number(speedup));
      }
    }
  }
  rmSync(results, { recursive: true });
  const traces = datasets.map((dataset) => resolve(checkout, `data/llama3.1-8B/combined_${dataset}.jsonl`));
  const methods = 'ngram,eagle3,oracle:ngram,oracle:eagle3,combined:ngram+eagle3';
  const asked = ['--trace', traces.join(), '--method', methods, '--k', '1,3,5', '--batch', batches.join()];
  console.log(
    `authors: ${theirs.size} speedups, ${datasets.join(', ')}, batch ${batches.join(', ')}: ${their.toFixed(1)} s`,
  );
  for (const cost of ['specdecode-bench', 'roofline']) {
    const { cpuS, stdout } = run(specsim('run', ...asked, '--cost', cost, '--format', 'json'), checkout);
    const apart = (JSON.parse(stdout) as Result).rows.map((row) => {
      const speedup = theirs.get(`${row.trace} ${row.method} ${row.k} ${row.batch_size}`);
      if (speedup === undefined) throw new Error(`they have no ${row.method} ${row.k} on ${row.trace}`);
      return Math.abs(row.speedup! - speedup);
    });
    console.log(
      `specsim --cost ${cost}: ${cpuS.toFixed(2)} s, ratio ${(their / cpuS).toFixed(0)}, speedups at most ${Math.max(...apart).toFixed(3)} apart`,
    );
  }
}
