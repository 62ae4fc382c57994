/** The built program as a person runs it: what it refuses, what it prints, what it writes. */
import { execFile, spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Result } from '../../src/scenario/result.ts';
import { said } from './command.ts';

const PROGRAM = join(import.meta.dirname, '../../dist/cli/main.js');

const folder = mkdtempSync(join(tmpdir(), 'specsim-cli-'));
const home = process.cwd();
beforeAll(() => process.chdir(folder));
afterAll(() => {
  process.chdir(home);
  rmSync(folder, { recursive: true });
});

/** In this process, where files are named from the folder. */
async function specsim(...args: string[]) {
  const { mistake: line, ...heard } = await said(...args);
  return { ...heard, status: line === null ? 0 : 2 };
}

/** As a process of its own, without waiting, so that they share the cores. */
function started(...args: string[]): Promise<{ status: unknown; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [PROGRAM, ...args], { cwd: folder }, (error, stdout, stderr) =>
      resolve({ status: error?.code ?? 0, stdout, stderr }),
    );
  });
}

async function resultOf(...args: string[]): Promise<Result> {
  const { status, stdout, stderr } = await specsim('run', '--format', 'json', ...args);
  expect(stderr).toBe('');
  expect(status).toBe(0);
  return JSON.parse(stdout);
}

function file(name: string, content: string | Buffer): string {
  writeFileSync(join(folder, name), content);
  return name;
}

/** A recording of three requests, 12 output tokens each. */
const recorded = [0, 1, 2]
  .map((id) =>
    JSON.stringify({
      id: `r${id}`,
      prompt_token_ids: [1, 2, 3, 4, 5, 6, 7, 8],
      generated_token_ids: [9, 1, 2, 3, 4, 5, 6, 7, 8, 20 + id, 21, 22],
      acc_eagle: { acc_len: [1, 3, 2, 1, 4, 3, 2, 1, 2, 1, 2, 1] },
      acc_ngram: { acc_len: [1, 1, 1, 1, 5, 4, 3, 2, 1, 1, 1, 1] },
    }),
  )
  .join('\n');
const recording = file('combined_tiny.jsonl', `${recorded}\n`);
file('empty.jsonl', '');
file('truncated.jsonl', recorded.slice(0, -40));
file('binary.jsonl', Buffer.from([0, 255, 254, 3, 0, 7, 200, 201, 0, 1]));
const gpu = (specification: object) => JSON.stringify({ specification });
const sheet = { memoryBandwidth: '3 TB/s', memoryCapacity: '80 GB', denseFlops: { bf16: '1 PFLOP/s' } };
file('my-gpu.json', gpu(sheet));
file('spelled-units.json', gpu({ ...sheet, memoryCapacity: '80 gigabytes' }));
file('negative.json', gpu({ ...sheet, memoryBandwidth: '-3 TB/s' }));
file('unitless.json', gpu({ ...sheet, memoryBandwidth: 3000 }));
const tracedHead = {
  schema: 1,
  name: 'capped',
  provenance: { source: 'test', target: 'llama-3.1-8b', dataset: 'capped', engine: null, licence: null },
  outputLimit: 4,
  tokenIds: false,
  drafters: [{ name: 'ngram', kind: 'recording', maxK: 3, proposed: 'always' }],
};
/** Its one request ran into the recording's output limit. */
file(
  'capped.csv',
  [
    `# specsim trace ${JSON.stringify(tracedHead)}`,
    'request,drafter,prompt_tokens,output_tokens,emitted,proposed,prompt_token_ids,output_token_ids',
    'a,none,5,4,,,,',
    'a,ngram,,4,1 2 1 1,,,',
    '',
  ].join('\n'),
);
file('broken.json', '{"gpu": ');
file('unknown-key.json', '{"batches": [1]}');
file('bad-value.json', '{"k": "abc"}');

const load = 'arrived_at,num_prefill_tokens,num_decode_tokens\n0,100,20\n0.5,50,9\n';
file('load.csv', load);
file('load.csv.gz', gzipSync(load));
file('cut-load.csv.gz', gzipSync(load).subarray(0, 40));
file('bad-load.csv', load.replace('50,9', '50,x'));
file('at-once.csv', load.replace('0.5', '0'));

const few = ['--requests', '5'];
const filesBefore = readdirSync(folder).sort();

/** One of each way to fail: in the words, in what yargs checks, in a file, in the run. */
const AS_PROCESSES = [
  'no command',
  'unknown option',
  'unknown format',
  'truncated trace',
  'k beyond the recording',
  'a sequence that does not fit',
];

describe('a mistake is one line on stderr, exit 2, and nothing else', () => {
  const mistakes: [string, string[], string[]][] = [
    ['unknown gpu', ['run', '--gpu', 'h100'], ['unknown gpu "h100"', 'nearest is h100-sxm']],
    [
      'a method twice',
      ['run', '--method', 'none,none'],
      ['--method: got "none,none", expected each value once'],
    ],
    ['a batch twice', ['run', '--batch', '1,8,1'], ['--batch: got "1,8,1", expected each value once']],
    ['unknown target', ['run', '--target', 'lama-3.1-8b'], ['nearest is llama-3.1-8b']],
    ['unknown engine', ['run', '--engine', 'vllm'], ['nearest is vllm-0.10']],
    ['unknown draft', ['run', '--draft', 'eagle3-llama'], ['nearest is eagle3-llama-3.1-8b']],
    ['unknown method', ['run', '--method', 'eagle-3'], ['unknown method "eagle-3"', 'nearest is eagle3']],
    ['unknown trace', ['run', '--trace', 'gsm9k'], ['unknown trace "gsm9k"', 'nearest is gsm8k']],
    ['unknown option', ['run', '--frmat', 'json'], ['unknown option "--frmat"', 'nearest is --format']],
    ['unknown command', ['rnu'], ['unknown command "rnu"', 'nearest is run']],
    ['no command', [], ['no command given']],
    ['unknown format', ['run', '--format', 'jsn'], ['unknown format "jsn"', 'nearest is json']],
    ['a format twice', ['run', '--format', 'csv', '--format', 'json'], ['--format', 'expected one value']],
    ['a format without a value', ['list', 'gpus', '--format'], ['--format: got nothing', 'expected a value']],
    ['unknown list', ['list', 'gpu'], ['unknown list "gpu"', 'nearest is gpus']],
    ['out twice', ['run', '--out', 'a.txt', '--out', 'b.txt'], ['--out', 'expected one value']],
    ['unknown set', ['validate', '--set', 'speedup'], ['nearest is speedups']],
    ['set twice', ['validate', '--set', 'steps', '--set', 'shares'], ['--set', 'expected one value']],
    ['jobs twice', ['sweep', 'g.json', '--jobs', '1', '--jobs', '2'], ['--jobs', 'expected one value']],
    ['a sweep of nothing', ['sweep'], ['sweep: got nothing, expected one grid']],
    ['a front of nothing', ['pareto'], ['pareto: got nothing, expected folders of a sweep']],
    ['an export to nothing', ['trace', 'export', 'gsm8k'], ['missing --to']],
    ['an export to nowhere', ['trace', 'export', 'gsm8k', '--to', 'x'], ['unknown value of --to "x"']],
    ['two traces', ['trace', 'inspect', 'gsm8k', 'cnn'], ['unexpected argument "cnn": expected one file']],
    [
      'a format of what ships',
      ['trace', 'inspect', 'gsm8k', '--from', 'vllm-log'],
      ['--from vllm-log has no effect'],
    ],
    [
      'k of an import that is no number',
      ['trace', 'import', 'tiny.jsonl', '--k', 'x', '--out', 'x.jsonl'],
      ['--k: got "x"'],
    ],
    ['k that is no number', ['run', '--k', 'abc'], ['--k', '"abc"', 'a whole number of at least 1']],
    ['negative k', ['run', '--k', '-1'], ['--k', '"-1"']],
    ['k without a value', ['run', '--k'], ['--k: got nothing', 'expected a value']],
    ['k beyond the recording', ['run', '--k', '21', '--out', 'late.txt'], ['k 21', 'k = 20']],
    [
      'requests that are all cut off',
      ['run', '--trace', 'capped.csv'],
      ['capped', 'limit of 4', '--keep-truncated'],
    ],
    ['batch 0', ['run', '--batch', '0'], ['--batch', '"0"', 'at least 1']],
    ['missing trace', ['run', '--trace', 'missing.jsonl'], ['"missing.jsonl"', 'no such file']],
    ['empty trace', ['run', '--trace', 'empty.jsonl'], ['empty.jsonl', 'empty file']],
    ['truncated trace', ['run', '--trace', 'truncated.jsonl'], ['truncated.jsonl, line 3', 'cut off']],
    ['binary trace', ['run', '--trace', 'binary.jsonl'], ['binary.jsonl', 'not text']],
    ['a folder as a trace', ['run', '--trace', './'], ['cannot be read']],
    [
      'negative bandwidth',
      ['run', '--gpu', 'negative.json'],
      ['negative.json: specification.memoryBandwidth', '-3 TB/s'],
    ],
    [
      'missing unit',
      ['run', '--gpu', 'unitless.json'],
      ['specification.memoryBandwidth', 'missing unit', '3000'],
    ],
    [
      'a method without data',
      ['run', '--method', 'mtp', '--target', 'glm-4.5-air', '--tp', '8'],
      ['mtp', 'it has ngram, eagle, eagle3', 'glm-4.5-air/gpqa', '--acceptance'],
    ],
    ['a model that does not fit', ['run', '--target', 'llama-3.1-70b'], ['141.1 GB', '76.4 GB', '--tp']],
    [
      'a sequence that does not fit',
      ['run', '--prompt-len', '1000000', '--ignore-context-limit'],
      ['one sequence of', 'expected at most'],
    ],
    [
      'out into a missing folder',
      ['run', '--out', 'nowhere/x.json'],
      ['--out nowhere/x.json', 'does not exist'],
    ],
    ['a draft no method runs', ['run', '--draft', 'qwen3-0.6b'], ['--draft qwen3-0.6b', 'no listed method']],
    [
      'a draft of another vocabulary',
      ['run', '--method', 'draft-model', '--acceptance', 'draft-model=0.7', '--draft', 'qwen3-0.6b'],
      ['151936', '128256'],
    ],
    [
      'acceptance of an unlisted method',
      ['run', '--acceptance', 'eagle=0.5'],
      ['no listed method uses eagle'],
    ],
    [
      'two acceptances of a method',
      ['run', '--acceptance', 'eagle3=0.5', '--acceptance', 'eagle3=0.6'],
      ['--acceptance eagle3', 'expected one'],
    ],
    ['acceptance without a value', ['run', '--acceptance', 'eagle'], ['METHOD=SPEC']],
    [
      'acceptance above 1',
      ['run', '--method', 'eagle', '--acceptance', 'eagle=1.2'],
      ['1.2', 'between 0 and 1'],
    ],
    ['batch with open arrivals', ['run', '--load', 'poisson:2', '--batch', '4'], ['--batch has no effect']],
    ['replicas of clones', ['run', '--replicas', '2'], ['--replicas has no effect with --load clones']],
    [
      'a router of one replica',
      ['run', '--load', 'closed', '--router', 'least-loaded'],
      ['--router has no effect with one replica'],
    ],
    [
      'a draft length that nobody takes',
      ['run', '--method', 'none', '--k', '7'],
      ['--k has no effect with --method none', 'no listed method takes a draft length'],
    ],
    [
      'a policy that nobody asks',
      ['run', '--method', 'none', '--policy', 'goodput'],
      ['--policy has no effect with --method none', 'no listed method takes a draft length'],
    ],
    [
      'an unknown router',
      ['run', '--load', 'closed', '--replicas', '2', '--router', 'random'],
      ['--router', 'round-robin, least-loaded'],
    ],
    ['a rate of 0', ['run', '--load', 'poisson:0'], ['poisson:0', 'above 0']],
    ['gamma without a CV', ['run', '--load', 'gamma:5'], ['gamma:5', 'gamma:RATE,CV']],
    ['poisson with a CV', ['run', '--load', 'poisson:5,2'], ['poisson:5,2', 'poisson:RATE']],
    ['a recorded load of nothing', ['run', '--load', 'recorded'], ['--workload']],
    ['a missing workload', ['run', '--workload', 'missing'], ['workload "missing"', 'no such file']],
    [
      'a damaged workload',
      ['run', '--workload', 'bad-load.csv'],
      ['bad-load.csv, line 3', 'num_decode_tokens'],
    ],
    ['a workload cut in its gzip', ['run', '--workload', 'cut-load.csv.gz'], ['cut-load.csv.gz', 'gzip']],
    [
      'more requests than a workload',
      ['run', '--workload', 'load.csv', '--requests', '9'],
      ['load.csv has 2'],
    ],
    [
      'lengths beside a workload',
      ['run', '--workload', 'load.csv', '--output-len', '9'],
      ['--output-len has no effect with --workload'],
    ],
    ['a time scale of nothing', ['run', '--time-scale', '2'], ['--time-scale has no effect']],
    [
      'a negative time scale',
      ['run', '--workload', 'load.csv', '--time-scale', '-1'],
      ['--time-scale', '"-1"'],
    ],
    ['an objective of clones', ['run', '--slo', 'ttft=1s'], ['--slo has no effect with --load clones']],
    ['an objective without a unit', ['run', '--load', 'closed', '--slo', 'ttft=1'], ['--slo: ttft', 'unit']],
    ['a price nobody asks for', ['run', '--set', 'hardware.price=2 USD/h'], ['hardware.price', 'clones']],
    ['a timeline of clones', ['run', '--timeline', 't.json'], ['--timeline', 'closed']],
    [
      'a timeline of many rows',
      ['run', '--load', 'closed', '--timeline', 't.json'],
      ['has 12', '--method, --batch'],
    ],
    [
      'a timeline into a missing folder',
      ['run', '--load', 'closed', '--timeline', 'nowhere/t.json'],
      ['--timeline nowhere/t.json', 'does not exist'],
    ],
    [
      'a timeline over its report',
      ['run', '--timeline', 't.json', '--out', './t.json'],
      ['--timeline t.json', '--out'],
    ],
    ['capacity without an objective', ['capacity'], ['--slo: missing']],
    ['capacity of a closed load', ['capacity', '--slo', 'ttft=1s', '--load', 'closed'], ['rate of arrivals']],
    [
      'capacity of one moment',
      ['capacity', '--slo', 'ttft=1s', '--workload', 'at-once.csv'],
      ['all arrive at once'],
    ],
    ['more requests than there are', ['run', '--trace', recording, '--requests', '4'], ['has 3']],
    ['a missing scenario', ['run', 'nowhere.json'], ['nowhere.json', 'no such file']],
    ['a broken scenario', ['run', 'broken.json'], ['broken.json', 'not valid JSON']],
    [
      'an unknown scenario key',
      ['run', 'unknown-key.json'],
      ['unknown-key.json: batches', 'nearest is batch'],
    ],
    ...(
      [
        ['keep-truncated', ['run']],
        ['oracles', ['pareto', 'folder']],
        ['resume', ['sweep', 'grid.json']],
        ['quiet', ['sweep', 'grid.json']],
        ['keep-unphysical', ['calibrate', '--gpu', 'h100-sxm']],
      ] as const
    ).flatMap(([name, command]): [string, string[], string[]][] => [
      [
        `a switch with a value: ${name}`,
        [...command, `--${name}=foo`],
        [`--${name}: got "foo", expected true or false`],
      ],
    ]),
    ['a bad scenario value', ['run', 'bad-value.json'], ['bad-value.json: k', '"abc"']],
    ['two scenarios', ['run', 'a.json', 'b.json'], ['unexpected argument']],
    ['a tp the heads cannot take', ['run', '--tp', '3'], ['tp 3']],
    ['tp without a link', ['run', '--gpu', 'my-gpu.json', '--tp', '2'], ['--tp 2', 'all-reduce']],
    [
      "the authors' cost elsewhere",
      ['run', '--cost', 'specdecode-bench', '--gpu', 'h200-sxm'],
      ['h100-sxm', 'h200-sxm'],
    ],
    [
      "an engine beside the authors' cost",
      ['run', '--cost', 'specdecode-bench', '--engine', 'ideal'],
      ['--engine has no effect'],
    ],
    [
      "the authors' cost of an unknown data set",
      ['run', '--cost', 'specdecode-bench', '--trace', recording],
      ['"tiny"', 'gsm8k'],
    ],
  ];

  it.each(mistakes)('%s', async (_, args, fragments) => {
    const { stdout, mistake: line } = await said(...args);
    expect(stdout).toBe('');
    expect(line).not.toBeNull();
    expect(line).not.toContain('\n');
    for (const fragment of fragments) expect(line!.toLowerCase()).toContain(fragment.toLowerCase());
    expect(readdirSync(folder).sort()).toEqual(filesBefore);
  });

  it.concurrent.each(mistakes.filter(([name]) => AS_PROCESSES.includes(name)))(
    'as a process: %s',
    async (_, args) => {
      const { status, stdout, stderr } = await started(...args);
      expect(stdout).toBe('');
      expect(stderr).toMatch(/^specsim: [^\n]+\n$/);
      expect(status).toBe(2);
    },
  );
});

it('has the version of its package', async () => {
  const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8'));
  expect((await specsim('--version')).stdout).toBe(`specsim ${version}\n`);
});

it('speaks English whatever the locale, so that mistakes are recognised', () => {
  const env = { ...process.env, LC_ALL: 'de_DE.UTF-8' };
  const { stderr } = spawnSync(process.execPath, [PROGRAM, 'run', '--frmat', 'json'], {
    encoding: 'utf8',
    env,
  });
  expect(stderr).toContain('nearest is --format');
});

describe('a run', () => {
  it('has the fields and the units it promises', async () => {
    const result = await resultOf(...few);
    expect(Object.keys(result)).toEqual([
      'schemaVersion',
      'tool',
      'config',
      'configHash',
      'seed',
      'trust',
      'warnings',
      'rows',
    ]);
    expect(result.rows).toHaveLength(12);
    for (const row of result.rows) {
      const { draft, verify, sampling, overhead, prefill } = row.time_share;
      expect(draft + verify + sampling + overhead + prefill).toBeCloseTo(1, 12);
      expect(row.acceptance_rate === null).toBe(row.method === 'none');
      expect(row.k === null).toBe(row.method === 'none');
      expect(row.trace_kind).toBe('fitted');
      expect(row.speedup_lo!).toBeLessThanOrEqual(row.speedup!);
      expect(row.speedup_hi!).toBeGreaterThanOrEqual(row.speedup!);
    }
  });

  it('prints the same bytes for the same seed and others for another', async () => {
    const [first, second, other] = await Promise.all(
      ['1', '1', '2'].map(async (seed) => (await specsim('run', '--seed', seed, ...few)).stdout),
    );
    expect(first).toBe(second);
    expect(first).not.toBe(other);
  });

  it('has in CSV the columns of the JSON, flattened', async () => {
    const [header, line] = (await specsim('run', '--format', 'csv', ...few)).stdout.split('\n');
    const { rows, schemaVersion } = await resultOf(...few);
    const flat = Object.entries(rows[0]!).flatMap(([key, value]) =>
      value !== null && typeof value === 'object'
        ? Object.keys(value).map((inner) => `${key}.${inner}`)
        : [key],
    );
    expect(header).toBe(['schema_version', ...flat].join(','));
    expect(line!.split(',')[0]).toBe(String(schemaVersion));
  });

  it('writes to --out what it would have printed, and leaves nothing else', async () => {
    const printed = (await specsim('run', ...few)).stdout;
    expect((await specsim('run', ...few, '--out', 'out.txt')).stdout).toBe('');
    expect(readFileSync(join(folder, 'out.txt'), 'utf8')).toBe(printed);
    rmSync(join(folder, 'out.txt'));
    expect(readdirSync(folder).sort()).toEqual(filesBefore);
  });

  it('reads a scenario file, lets flags win, and takes its own config back', async () => {
    file(
      'scenario.json',
      JSON.stringify({ method: ['none', 'eagle3'], 'prompt-len': 64, k: '1,2', requests: 5 }),
    );
    const result = await resultOf('scenario.json', '--k', '4');
    expect(result.config).toMatchObject({ method: ['none', 'eagle3'], promptLen: 64, k: [4] });
    file('config.json', JSON.stringify(result.config));
    const again = await resultOf('config.json');
    expect(again.rows).toEqual(result.rows);
    expect(again.configHash).toBe(result.configHash);
    rmSync(join(folder, 'scenario.json'));
    rmSync(join(folder, 'config.json'));
  });

  it.each([
    ['open arrivals', ['--load', 'poisson:5', '--method', 'none,ngram']],
    ["the authors' cost", ['--cost', 'specdecode-bench', '--batch', '2', '--trace', 'gsm8k']],
    ['a stated acceptance', ['--method', 'eagle', '--acceptance', 'eagle=0.85:0.6', '--k', '2,4']],
    ['lengths and a borrowed trace', ['--target', 'gpt-oss-20b', '--prompt-len', '99', '--output-len', '20']],
  ])('takes its own config back: %s', async (_, args) => {
    const result = await resultOf(...args, ...few);
    file('config.json', JSON.stringify(result.config));
    const again = await resultOf('config.json');
    rmSync(join(folder, 'config.json'));
    expect(again).toEqual(result);
  });

  it('leaves the file at --out alone when the run fails', async () => {
    file('kept.txt', 'before');
    expect((await specsim('run', '--k', '21', '--out', 'kept.txt')).status).toBe(2);
    expect(readFileSync(join(folder, 'kept.txt'), 'utf8')).toBe('before');
    rmSync(join(folder, 'kept.txt'));
    expect(readdirSync(folder).sort()).toEqual(filesBefore);
  });

  it('keeps two files of one data set apart', async () => {
    copyFileSync(join(folder, recording), join(folder, 'tiny.jsonl'));
    const { stdout } = await specsim(
      'run',
      '--trace',
      `${recording},tiny.jsonl`,
      '--method',
      'none',
      '--batch',
      '1',
    );
    rmSync(join(folder, 'tiny.jsonl'));
    expect(stdout.match(/^trace tiny$/gm)).toHaveLength(2);
    // One in the table of speeds and one in each half of that of times, for each trace.
    expect(stdout.match(/^none /gm)).toHaveLength(6);
  });

  it('hashes the contents of files, never their paths', async () => {
    copyFileSync(join(folder, recording), join(folder, 'combined_copy.jsonl'));
    file('combined_other.jsonl', `${recorded.replaceAll('22]', '23]')}\n`);
    const hash = async (trace: string) => (await resultOf('--trace', trace)).configHash;
    expect(await hash('combined_copy.jsonl')).toBe(await hash(recording));
    expect(await hash('combined_other.jsonl')).not.toBe(await hash(recording));
    rmSync(join(folder, 'combined_copy.jsonl'));
    rmSync(join(folder, 'combined_other.jsonl'));
  });

  it('gives methods without k one row whatever --k says', async () => {
    const { rows } = await resultOf(
      '--method',
      'none,oracle:eagle3,combined:ngram+eagle3,ngram',
      '--k',
      '1,2,3',
      '--batch',
      '1',
      ...few,
    );
    expect(rows.map(({ method, k }) => [method, k])).toEqual([
      ['none', null],
      ['oracle:eagle3', null],
      ['combined:ngram+eagle3', null],
      ['ngram', 1],
      ['ngram', 2],
      ['ngram', 3],
    ]);
  });

  it('says when a trace is borrowed, and when a GPU has only a data sheet', async () => {
    const { warnings } = await resultOf('--target', 'gpt-oss-20b', '--gpu', 'my-gpu.json', ...few);
    expect(warnings.join('\n')).toContain('borrowed for gpt-oss-20b');
    expect(warnings.join('\n')).toContain('only a data sheet');
  });

  it('charges only the winner in combined-free, so that it is never slower', async () => {
    const { rows } = await resultOf(
      '--method',
      'combined:ngram+eagle3,combined-free:ngram+eagle3',
      '--batch',
      '1,64',
      ...few,
    );
    const [honest, honest64, free, free64] = rows.map((row) => row.speedup!);
    expect(free!).toBeGreaterThan(honest!);
    expect(free64!).toBeGreaterThan(honest64!);
  });

  it('runs every method', async () => {
    const { rows } = await resultOf(
      ...['--method', 'none,ngram,eagle,eagle3,draft-model,oracle:draft-model,combined:eagle+draft-model'],
      ...[
        '--acceptance',
        'eagle=0.62',
        '--acceptance',
        'draft-model=3.1@3',
        '--draft',
        'llama-3.2-1b',
        ...few,
      ],
    );
    expect(rows).toHaveLength(28);
    const mtp = await resultOf(
      '--target',
      'glm-4.5-air',
      '--tp',
      '8',
      '--method',
      'mtp',
      '--acceptance',
      'mtp=0.85:0.6:0.35',
      ...few,
    );
    expect(mtp.rows[0]!.draft).toBe('mtp-glm-4.5-air');
  });

  it('serves closed and open loads', async () => {
    const closed = await resultOf('--load', 'closed', '--batch', '1,4', '--requests', '20');
    expect(closed.rows.map((row) => row.batch_size)).toEqual([1, 4, 1, 4, 1, 4]);
    const open = await resultOf('--load', 'poisson:5', '--requests', '20');
    const eight = async (...flags: string[]) => {
      const load = ['--load', 'closed', '--batch', '8', '--requests', '20', '--method', 'eagle3'];
      return (await resultOf(...load, ...flags)).rows[0]!;
    };
    const one = await eight();
    expect((await eight('--replicas', '2')).throughput_tok_per_s).toBeGreaterThan(one.throughput_tok_per_s);
    expect((await eight('--policy', 'off-above:4')).tokens_per_round).toBeLessThan(one.tokens_per_round!);
    expect((await eight('--set', 'engine.kvBlocks=60')).throughput_tok_per_s).toBeLessThan(
      one.throughput_tok_per_s,
    );
    expect(open.rows.map((row) => row.batch_size)).toEqual([null, null, null]);
    expect(open.rows[2]!.tpot_ratio!).toBeGreaterThan(1);
    expect(open.rows[2]!.speedup).toBeNull();
  });
});

describe('the next command that a run suggests works', () => {
  it.each([
    ['by default', '--requests 5'],
    ['after plain decoding, on a target without heads', '--method none --target llama-3.2-1b --requests 5'],
    [
      'after a draft model',
      '--method eagle,draft-model --draft llama-3.2-1b --acceptance draft-model=0.9 --acceptance eagle=0.3 --requests 5',
    ],
    ['after a sweep of k', '--target llama-3.2-1b --method ngram --k 1,2 --batch 4 --requests 5'],
    ['after open arrivals', '--load poisson:5 --gpu l40s --tp 2 --requests 5'],
    ['after a recording of short drafts', '--trace capped.csv --keep-truncated --method ngram'],
    ['after an objective of plain decoding', '--method none --load poisson:5 --slo ttft=1s --requests 5'],
    ['after replicas', '--load closed --batch 2 --replicas 2 --router least-loaded --requests 5'],
  ])('%s', async (_, options) => {
    const report = await specsim('run', ...options.split(' '));
    const [program, ...command] = report.stdout.trimEnd().split('\n').at(-1)!.trim().split(' ');
    expect(program).toBe('specsim');
    for (const kept of options.match(/--(load|replicas|router|slo) \S+/g) ?? []) {
      expect(command.join(' ')).toContain(kept);
    }
    const { status, stderr } = await specsim(...command);
    expect(stderr).toBe('');
    expect(status).toBe(0);
  });
});

describe('a served load', () => {
  it('reads a workload in gzip as it reads it plain, faster on demand', async () => {
    const rows = async (...args: string[]) => (await resultOf('--method', 'none', ...args)).rows[0]!;
    const plain = await rows('--workload', 'load.csv');
    expect(await rows('--workload', 'load.csv.gz')).toEqual(plain);
    expect(plain.requests).toBe(2);
    expect(plain.offered_req_per_s).toBe(2);
    expect((await rows('--workload', 'load.csv', '--time-scale', '4')).offered_req_per_s).toBe(8);
    expect((await rows('--workload', 'load.csv', '--load', 'constant:3')).offered_req_per_s).toBeCloseTo(
      3,
      12,
    );
  });

  it('writes a timeline beside its report', async () => {
    const args = ['--method', 'eagle3', '--load', 'closed', '--batch', '2', ...few];
    const { status, stdout, stderr } = await specsim('run', ...args, '--timeline', 'run.json');
    expect(status).toBe(0);
    expect(stderr).toBe('timeline written to run.json: open it in https://ui.perfetto.dev\n');
    expect(stdout).toBe((await specsim('run', ...args)).stdout);
    expect(JSON.parse(readFileSync(join(folder, 'run.json'), 'utf8')).traceEvents.length).toBeGreaterThan(
      100,
    );
    rmSync(join(folder, 'run.json'));
  });

  it('bills power and price by the token', async () => {
    const { rows } = await resultOf(
      ...['--method', 'none', '--load', 'closed', '--batch', '2', '--replicas', '2'],
      ...['--set', 'hardware.price=7200 USD/h', '--set', 'hardware.power=500 W', ...few],
    );
    const [row] = rows;
    const gpuS = (2 * 1e6) / row!.throughput_tok_per_s;
    expect(row!.gpu_s_per_mtok! / gpuS).toBeCloseTo(1, 9);
    expect(row!.joules_per_mtok! / (500 * gpuS)).toBeCloseTo(1, 9);
    expect(row!.usd_per_mtok! / (2 * gpuS)).toBeCloseTo(1, 9);
  });
});

describe('what is not loaded', () => {
  it('a run without unit strings never loads the library of units', () => {
    const hook = file(
      'hook.cjs',
      `const modules = require('node:module');
       const load = modules._load;
       modules._load = (name, ...rest) => {
         if (name.endsWith('/unit-factors.js')) throw new Error('units were loaded');
         return load(name, ...rest);
       };`,
    );
    const with_ = (...args: string[]) =>
      spawnSync(process.execPath, ['--require', join(folder, hook), PROGRAM, 'run', ...args, ...few], {
        cwd: folder,
        encoding: 'utf8',
      });
    expect(with_().status).toBe(0);
    expect(with_('--gpu', 'my-gpu.json', '--load', 'closed', '--slo', 'ttft=500ms').status).toBe(0);
    expect(with_('--gpu', 'spelled-units.json').stderr).toContain('units were loaded');
    rmSync(join(folder, hook));
  });
});

describe('a list', () => {
  it.each(['gpus', 'models', 'engines', 'methods', 'traces'])('of %s', async (what) => {
    const { status, stdout } = await specsim('list', what);
    expect(status).toBe(0);
    expect(stdout.split('\n').length).toBeGreaterThan(3);
  });
});
