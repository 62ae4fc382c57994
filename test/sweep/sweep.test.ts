/** Grids, shards and fronts; and the built program killed, resumed, sharded and out of disk. */
import { type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parquetReadObjects } from 'hyparquet';
import { afterAll, describe, expect, it } from 'vitest';
import type { Row } from '../../src/scenario/result.ts';
import { expandGrid } from '../../src/sweep/grid.ts';
import { paretoOf } from '../../src/sweep/pareto.ts';
import { blocksOf, Deal } from '../../src/sweep/plan.ts';
import { mergeRecords, type PointRecord, recordsOf } from '../../src/sweep/records.ts';
import { parseShard } from '../../src/sweep/shard.ts';
import { said } from '../cli/command.ts';

const PROGRAM = join(import.meta.dirname, '../../dist/cli/main.js');
const folder = mkdtempSync(join(tmpdir(), 'specsim-sweep-'));
afterAll(() => rmSync(folder, { recursive: true }));

function specsim(args: readonly string[], env: Record<string, string> = {}): SpawnSyncReturns<string> {
  return spawnSync(process.execPath, [PROGRAM, ...args], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, ...env },
  });
}

/** In this process, which is quicker than one of its own. */
const refused = async (...words: readonly string[]) => (await said(...words)).mistake;

/** A path that needs no working folder. */
const at = (name: string) => join(folder, name);

const axes = (grid: object) => expandGrid(grid, 'g').map((point) => point.axes);

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe('a grid', () => {
  it('expands lists and ranges, the last key fastest', () => {
    const grid = { method: 'eagle3', k: { from: 1, to: 3, step: 2 }, batch: { from: 1, to: 9, times: 2 } };
    expect(axes(grid)).toEqual([1, 3].flatMap((k) => [1, 2, 4, 8].map((batch) => ({ k, batch }))));
  });

  it('writes ranges of fractions as people do', () => {
    const grid = {
      method: 'none',
      batch: 1,
      set: { 'engine.memoryShare': { from: 0.1, to: 0.3, step: 0.1 } },
    };
    expect(axes(grid).map((point) => point['set.engine.memoryShare'])).toEqual(['0.1', '0.2', '0.3']);
  });

  it('has one point of none whatever k, and one of an open load whatever the batch', () => {
    expect(axes({ method: ['none', 'ngram'], k: [1, 2, 3], batch: 1 })).toEqual([
      { method: 'none', k: null },
      ...[1, 2, 3].map((k) => ({ method: 'ngram', k })),
    ]);
    expect(axes({ method: 'none', batch: [1, 2], load: ['clones', 'poisson:2'] })).toEqual([
      { batch: 1, load: 'clones' },
      { batch: null, load: 'poisson:2' },
      { batch: 2, load: 'clones' },
    ]);
  });

  it('has one point of clones whatever the objective', () => {
    expect(
      axes({ method: 'none', batch: 1, load: ['clones', 'closed'], slo: ['ttft=500ms', 'ttft=1s'] }),
    ).toEqual([
      { load: 'clones', slo: null },
      { load: 'closed', slo: 'ttft=500ms' },
      { load: 'closed', slo: 'ttft=1s' },
    ]);
  });

  it.each<[string, unknown, string]>([
    ['no object', [1], 'expected an object'],
    ['an unknown key', { batches: [1] }, 'nearest is batch'],
    ['a bad value in a list', { batch: [1, 'x'] }, 'g: batch: got "x", expected a whole number'],
    ['an empty list', { k: [] }, 'at least one value'],
    ['a range without a step', { k: { from: 1, to: 2 } }, 'one of step and times'],
    ['a range with two', { k: { from: 1, to: 2, step: 1, times: 2 } }, 'one of step and times'],
    ['a range that stands still', { k: { from: 1, to: 2, step: 0 } }, 'never gets there'],
    ['a range the wrong way', { k: { from: 1, to: 2, times: 0.5 } }, 'never gets there'],
    ['a range with another key', { k: { from: 1, to: 2, steps: 1 } }, 'which has steps'],
    ['an unknown method', { method: ['eagle-3'] }, 'nearest is eagle3'],
    ['k that nothing takes', { method: 'none', k: [1, 2] }, 'k: has no effect'],
    [
      'acceptance of a method that is not there',
      { acceptance: { mtp: [0.5] } },
      'acceptance.mtp: has no effect',
    ],
    ['too much', { seed: { from: 1, to: 2e6, step: 1 } }, 'more than 200000'],
    [
      'a million points',
      { seed: { from: 1, to: 1000, step: 1 }, batch: { from: 1, to: 1000, step: 1 }, method: 'none' },
      '1000000 combinations, about 0.4 hours of a worker',
    ],
  ])('refuses %s', (_, grid, message) => {
    expect(() => expandGrid(grid, 'g')).toThrow(message);
  });
});

describe('shards', () => {
  it('hold every point once, whatever their number', () => {
    const points = expandGrid({ gpu: ['h100-sxm', 'h200-sxm'], batch: { from: 1, to: 64, times: 2 } }, 'g');
    for (const count of [1, 2, 3, 7, 50]) {
      const all = Array.from({ length: count }, (_, i) => blocksOf(points, { index: i + 1, count })).flat(2);
      expect([...all].sort((a, b) => a - b)).toEqual(points.map((_, p) => p));
    }
  });

  it('lie by their requests first, then by their bench, whatever the order of the grid', () => {
    const grid = { k: [1, 3], gpu: ['h100-sxm', 'l40s'], trace: ['gsm8k', 'cnn'] };
    const points = expandGrid({ ...grid, method: 'eagle3', batch: 1 }, 'g');
    const order = blocksOf(points, { index: 1, count: 1 }).flat();
    const of = order.map((p) => points[p]!.scenario).map(({ trace, gpu, k }) => `${trace} ${gpu} ${k}`);
    const benches = ['gsm8k h100-sxm', 'gsm8k l40s', 'cnn h100-sxm', 'cnn l40s'];
    expect(of).toEqual(benches.flatMap((bench) => [1, 3].map((k) => `${bench} ${k}`)));
  });

  const slurm = {
    SLURM_ARRAY_TASK_ID: '5',
    SLURM_ARRAY_TASK_MIN: '3',
    SLURM_ARRAY_TASK_MAX: '6',
    SLURM_ARRAY_TASK_COUNT: '4',
  };
  it.each<[string, Record<string, string>, { index: number; count: number }]>([
    ['2/3', {}, { index: 2, count: 3 }],
    ['*', slurm, { index: 3, count: 4 }],
    ['*/4', slurm, { index: 3, count: 4 }],
    ['*/8', { JOB_COMPLETION_INDEX: '0' }, { index: 1, count: 8 }],
  ])('%s', (given, environment, shard) => expect(parseShard(given, environment)).toEqual(shard));

  it.each<[string, Record<string, string>, string]>([
    ['0/3', {}, 'from 1 to n'],
    ['4/3', {}, 'from 1 to n'],
    ['2', {}, 'expected i/n'],
    ['*', {}, 'neither SLURM_ARRAY_TASK_ID nor'],
    ['*', { JOB_COMPLETION_INDEX: '0' }, 'Kubernetes does not say'],
    ['*/5', slurm, 'has 4 tasks, expected 5'],
    ['*', { ...slurm, SLURM_ARRAY_TASK_MAX: '9' }, 'without gaps'],
  ])('%s is refused', (given, environment, message) => {
    expect(() => parseShard(given, environment)).toThrow(message);
  });
});

it('deals every block once: a stretch to each worker, and then the end of the longest left', () => {
  const deal = new Deal([0, 1, 2, 3, 4, 5, 6], 3);
  expect([0, 0, 0, 0, 2, 1, 2, 0].map((worker) => deal.next(worker))).toEqual([
    0,
    1,
    4,
    3,
    5,
    2,
    6,
    undefined,
  ]);
});

it('a line that was cut off is not there, a broken one is an error', () => {
  const line = JSON.stringify({ point: 0, id: 'a', axes: {}, gpus: 1, row: null, error: 'x' });
  expect(recordsOf(`${line}\n${line.slice(0, 20)}`, 'f')).toHaveLength(1);
  expect(() => recordsOf(`${line}\n{"po\n`, 'f')).toThrow('f, line 2');
  const head = { schemaVersion: 2 as const, tool: 't', sweep: 's', points: 2, program: 'p' };
  expect(() => mergeRecords(head, recordsOf(`${line}\n`, 'f'))).toThrow('1 of 2 points are missing');
});

it('the front holds what nothing beats in both', () => {
  const row = (method: string, batch_size: number | null, throughput_tok_per_s: number) =>
    ({
      target: 't',
      trace: 'x',
      gpu: 'g',
      tp: 2,
      method,
      k: null,
      policy: null,
      batch_size,
      throughput_tok_per_s,
      speedup: 1,
    }) as Row;
  const results = [
    row('none', 1, 100),
    row('ngram', 1, 150),
    row('ngram', 4, 400),
    row('none', 4, 300),
    row('none', 2, 90),
    row('oracle:ngram', 4, 800),
    row('none', null, 900),
  ].map((one, point): PointRecord => ({ point, id: '', axes: {}, gpus: 2, row: one, error: null }));
  const { rows, leftOut } = paretoOf(results, false);
  expect(rows.map((one) => [one.point, one.user_tok_per_s, one.gpu_tok_per_s])).toEqual([
    [1, 150, 75],
    [2, 100, 200],
  ]);
  expect(leftOut).toEqual({ failed: 0, oracle: 1, open: 1 });
  expect(paretoOf(results, true).rows.map((one) => one.point)).toEqual([5]);
});

describe('the program', async () => {
  writeFileSync(
    at('grid.json'),
    JSON.stringify({
      method: ['none', 'ngram', 'eagle3'],
      k: [1, 3, 21],
      batch: { from: 1, to: 16, times: 16 },
      trace: ['gsm8k', 'cnn'],
      set: { 'hardware.memoryBandwidth': ['1x', '1.2x'] },
      requests: 5,
    }),
  );
  const grid = at('grid.json');
  const merged = async (...folders: string[]) =>
    (await said('sweep', 'merge', ...folders.map(at), '--format', 'csv')).stdout;
  const first = specsim(['sweep', 'grid.json', '--jobs', '1', '--out', 'one']);
  const whole = await merged('one');

  it('records points that cannot be, and says so in its exit status', () => {
    expect(first.status).toBe(3);
    expect(first.stdout).toContain('one: 56 of 56 points done, 16 failed');
    expect(whole.split('\n')).toHaveLength(58);
    expect(whole).toContain('k 21');
  });

  it('gives what specsim run gives', async () => {
    const { stdout } = await said('sweep', 'merge', at('one'), '--format', 'json');
    const { row } = JSON.parse(stdout).results.find(
      ({ axes }: PointRecord) =>
        axes.method === 'eagle3' &&
        axes.k === 3 &&
        axes.batch === 16 &&
        axes.trace === 'cnn' &&
        axes['set.hardware.memoryBandwidth'] === '1.2x',
    );
    const args = ['--method', 'eagle3', '--batch', '16', '--trace', 'cnn', '--requests', '5'];
    const run = await said('run', ...args, '--set', 'hardware.memoryBandwidth=1.2x', '--format', 'json');
    expect(row).toEqual(JSON.parse(run.stdout).rows[0]);
  });

  it('gives the same bytes with more workers, and from shards in any order', async () => {
    specsim(['sweep', 'grid.json', '--jobs', '3', '--out', 'three', '--quiet']);
    expect(await merged('three')).toBe(whole);
    specsim(['sweep', 'grid.json', '--shard', '2/2', '--out', 'b', '--quiet']);
    expect(await refused('sweep', 'merge', at('b'))).toMatch(/of 56 points are missing/);
    specsim(['sweep', 'grid.json', '--shard', '*/2', '--out', 'a', '--quiet'], { JOB_COMPLETION_INDEX: '0' });
    expect(await merged('b', 'a')).toBe(whole);
  });

  it('loses nothing when killed at any moment', async () => {
    const results = at('killed');
    const files = () => readdirSync(results).filter((name) => name.startsWith('points'));
    const size = () =>
      existsSync(results) ? files().reduce((sum, name) => sum + statSync(join(results, name)).size, 0) : 0;
    for (let kill = 0; kill < 5; kill++) {
      const before = size();
      const child = spawn(
        process.execPath,
        [PROGRAM, 'sweep', 'grid.json', '--jobs', '2', '--out', 'killed', '--resume'],
        { cwd: folder, stdio: 'ignore' },
      );
      const ended = new Promise((resolve) => child.on('exit', resolve));
      // Some after results came, some before; a slow machine shall not have them all before.
      while (kill % 4 !== 3 && child.exitCode === null && size() === before) await pause(5);
      await pause(60 * Math.random());
      child.kill('SIGKILL');
      await ended;
    }
    expect(size()).toBeGreaterThan(0);
    // And in the middle of a line.
    writeFileSync(join(results, files()[0]!), '{"point": 3, "id', { flag: 'a' });
    expect(specsim(['sweep', 'grid.json', '--out', 'killed', '--resume', '--quiet']).status).toBe(3);
    expect(await merged('killed')).toBe(whole);
    const ids = files().flatMap((name) =>
      recordsOf(readFileSync(join(results, name), 'utf8'), name).map(({ id }) => id),
    );
    expect(new Set(ids).size).toBe(56);
    expect(ids).toHaveLength(56);
    const before = files();
    expect(specsim(['sweep', 'grid.json', '--out', 'killed', '--resume', '--quiet']).status).toBe(3);
    expect(files()).toEqual(before);
  });

  it('is whole when two processes go on with it at once', async () => {
    specsim(['sweep', 'grid.json', '--shard', '1/4', '--out', 'twice', '--quiet']);
    const resumed = () =>
      new Promise((resolve) =>
        spawn(
          process.execPath,
          [PROGRAM, 'sweep', 'grid.json', '--jobs', '1', '--out', 'twice', '--resume'],
          {
            cwd: folder,
            stdio: 'ignore',
          },
        ).on('exit', resolve),
      );
    expect(await Promise.all([resumed(), resumed()])).toEqual([3, 3]);
    expect(await merged('twice')).toBe(whole);
  });

  it('refuses a folder with results, and one of another sweep', async () => {
    const again = specsim(['sweep', 'grid.json', '--out', 'one']);
    expect([again.status, again.stderr]).toEqual([2, expect.stringContaining('--resume goes on')]);
    writeFileSync(at('other.json'), '{"requests": 5}');
    // Another build of the same version, as its head says.
    const head = readFileSync(at('one/sweep.json'), 'utf8');
    cpSync(at('one'), at('built'), { recursive: true });
    writeFileSync(at('built/sweep.json'), head.replace(/"program":"./, '"program":"x'));
    const built = specsim(['sweep', 'grid.json', '--out', 'built', '--resume']);
    expect([built.status, built.stderr]).toEqual([2, expect.stringContaining('another build of specsim')]);
    expect(await refused('sweep', 'merge', at('one'), at('built'))).toContain('built: is of another build');
    const other = specsim(['sweep', 'other.json', '--out', 'one', '--resume']);
    expect([other.status, other.stderr]).toEqual([2, expect.stringContaining('another sweep')]);
    expect(await refused('sweep', 'merge', at('nowhere'))).toContain('nowhere: no such folder');
  });

  it('has one error for a full disk', async () => {
    // The shell's limit on a file's size stands for a disk that ends in the middle of a line.
    const command = `ulimit -f 8; exec ${process.execPath} ${PROGRAM} sweep grid.json --jobs 1 --out full --quiet`;
    const { status, stderr } = spawnSync('bash', ['-c', command], { cwd: folder, encoding: 'utf8' });
    expect([status, stderr]).toEqual([2, expect.stringMatching(/^specsim: .*points.jsonl: .*EFBIG.*\n$/)]);
    expect(readFileSync(join(folder, 'full', 'points.jsonl'), 'utf8')).not.toMatch(/\n$/);
    specsim(['sweep', 'grid.json', '--out', 'full', '--resume', '--quiet']);
    expect(await merged('full')).toBe(whole);
    writeFileSync(at('file'), '');
    const onFile = specsim(['sweep', 'grid.json', '--out', 'file', '--quiet']);
    expect([onFile.status, onFile.stderr]).toEqual([2, expect.stringContaining('file: is not a folder')]);
    const nowhere = specsim(['sweep', 'grid.json', '--out', 'file/below', '--quiet']);
    expect([nowhere.status, nowhere.stderr]).toEqual([2, expect.stringMatching(/^specsim: .*ENOTDIR.*\n$/)]);
  });

  it('writes Parquet that reads back as the CSV', async () => {
    await said('sweep', 'merge', at('one'), '--format', 'parquet', '--out', at('one.parquet'));
    const { buffer } = new Uint8Array(readFileSync(at('one.parquet')));
    const rows = await parquetReadObjects({ file: buffer as ArrayBuffer });
    const [header, line] = whole.split('\n').map((text) => text.split(','));
    expect(rows).toHaveLength(56);
    expect(header!.map((column) => String(rows[0]![column] ?? ''))).toEqual(line);
  });

  it('names the options of the command', async () => {
    expect(await refused('sweep', grid, '--job', '2')).toContain('nearest is --jobs');
    expect(await refused('validate', '--recording', 'x')).toContain('nearest is --recordings');
    expect(await refused('validate', 'x')).toContain('unexpected argument "x": expected none');
    expect(await refused('sweep', grid, '--jobs', '0')).toContain('--jobs: got "0"');
  });
});
