/** Numbers and files that nobody should have: a line that says so, or an answer of finite numbers. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { said } from './command.ts';

const folder = mkdtempSync(join(tmpdir(), 'specsim-hostile-'));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, content: unknown): string {
  writeFileSync(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content));
  return join(folder, name);
}

const FEW = ['--requests', '3', '--batch', '1', '--method', 'none'];
const gpu = (bandwidth: string) => ({
  specification: { memoryBandwidth: bandwidth, memoryCapacity: '80 GB', denseFlops: { bf16: '1 PFLOP/s' } },
});
const lengths = (rows: readonly string[]) =>
  `TIMESTAMP,ContextTokens,GeneratedTokens\n${rows.map((row) => `2023-11-16 18:15:46.0000000,${row}\n`).join('')}`;

describe('a number beyond its bound is refused, with the bound', () => {
  it.each<[string, string[], RegExp]>([
    [
      'a prompt that wraps at 32 bits',
      ['run', '--prompt-len', '4294967796'],
      /--prompt-len.*at most 10000000/,
    ],
    ['a prompt of 2^31', ['run', '--prompt-len', '2147483648'], /at most 10000000/],
    ['an output of 2^53', ['run', '--output-len', '9007199254740991'], /at most 10000000/],
    [
      'outputs of more than 2^31 in all',
      ['run', '--output-len', '3000000'],
      /output tokens in all, expected at most/,
    ],
    ['a context that wraps', ['tune', '--context', '4294967297'], /--context/],
    ['requests', ['run', '--requests', '100000000'], /--requests.*at most 2000000/],
    ['a batch', ['run', '--batch', '1000000000'], /--batch.*at most 1000000/],
    ['replicas', ['run', '--replicas', '1000000', '--load', 'closed'], /--replicas.*at most 1024/],
    ['a rate', ['run', '--load', 'poisson:1e-300'], /from 1e-6 to 1e6/],
    ['a spread', ['run', '--load', 'gamma:1,1e10'], /up to 20/],
    [
      'a denormal of a GPU',
      ['run', '--gpu', file('denormal.json', gpu('1e-320 TB/s'))],
      /between 1e-9 and 1e\+24 B\/s/,
    ],
    [
      'a what-if',
      ['run', '--set', 'hardware.memoryBandwidth=1e-300 B/s'],
      /--set hardware.memoryBandwidth.*between/,
    ],
    ['a time', ['run', '--set', 'engine.layerLaunch=1e308 s'], /--set engine.layerLaunch.*between/],
    [
      'a price',
      ['run', '--load', 'closed', '--set', 'hardware.price=1e308 USD/h'],
      /between 1e-9 and 1000000000000000000 USD/,
    ],
    ['a limit', ['run', '--load', 'poisson:1', '--slo', 'ttft=1e300s'], /ttft.*between/],
    ['a workload', ['run', '--workload', file('long.csv', lengths(['4294967796,20']))], /from 0 to 10000000/],
    [
      'a workload in all',
      ['run', '--workload', file('all.csv', lengths(Array(400).fill('10,9999999')))],
      /output tokens in all/,
    ],
  ])('%s', async (_, words, message) => {
    const { mistake, stdout } = await said(...words);
    expect(mistake).toMatch(message);
    expect(stdout).toBe('');
  });
});

describe('an answer holds finite numbers', () => {
  const finite = async (...words: string[]) => {
    const { stdout, mistake } = await said(...words, '--format', 'csv');
    expect(mistake).toBeNull();
    expect(stdout).not.toMatch(/NaN|Infinity|undefined/);
    return stdout;
  };

  it('where draws of the interval have no ended request', async () => {
    await finite(
      'run',
      '--load',
      'poisson:2',
      '--duration',
      '2',
      '--requests',
      '6',
      '--method',
      'none,eagle3',
    );
  });

  it('where most outputs have one token', async () => {
    const workload = file('one-token.csv', lengths(['100,1', '100,1', '100,1', '100,1', '100,9']));
    await finite('run', '--workload', workload, '--method', 'none,eagle3');
    await finite(
      'run',
      '--workload',
      workload,
      '--method',
      'none,eagle3',
      '--load',
      'closed',
      '--batch',
      '2',
    );
  });

  it('where policies are compared and nothing has a second token', async () => {
    const load = ['--load', 'poisson:5', '--output-len', '1', '--requests', '5'];
    await finite('run', ...load, '--method', 'none,eagle3', '--policy', 'fixed,goodput');
  });

  it('and no negative latency', async () => {
    const csv = await finite('run', '--load', 'poisson:3', '--requests', '4', '--method', 'none');
    const [header, row] = csv
      .trim()
      .split('\n')
      .map((line) => line.split(','));
    header!.forEach((column, c) => {
      if (/_s\.(mean|p\d+)_lo$/.test(column) && row![c] !== '')
        expect(Number(row![c])).toBeGreaterThanOrEqual(0);
    });
  });
});

describe('a name is looked up among those that are known', () => {
  const names = ['constructor', '__proto__', 'toString', 'hasOwnProperty'];
  it.each(names)('%s', async (name) => {
    for (const words of [
      [name],
      ['help', name],
      ['validate', '--set', name],
      ['run', '--gpu', name],
      ['run', '--target', name],
      ['run', '--engine', name],
      ['run', '--method', name],
      ['run', '--policy', name],
      ['run', '--trace', name],
      ['run', '--set', `${name}=1x`],
      ['run', '--acceptance', `${name}=0.5`],
      ['run', file('key.json', `{"${name}": 1}`)],
      ['run', file('pair.json', `{"set": {"${name}": "1x"}}`)],
      ['run', '--gpu', file('gpu.json', JSON.stringify(gpu('3 TB/s')).replace('{', `{"${name}": 1,`))],
      [
        'calibrate',
        '--gpu',
        'h100-sxm',
        '--ops',
        file('op.csv', `op,m\n${name},1\n`),
        '--out',
        join(folder, 'o'),
      ],
      ['trace', 'inspect', name],
      ['plot', name],
    ]) {
      const { mistake, stdout } = await said(...words);
      expect(mistake, words.join(' ')).not.toBeNull();
      expect(stdout).toBe('');
    }
  });
});

describe('JSON of a file', () => {
  it.each([
    ['a key that stands twice', '{"batch": [1], "batch": [64]}', '"batch" given twice'],
    ['the same in an object within', '{"set": {"a": "1x", "\\u0061": "2x"}}', '"a" given twice'],
    ['one option in both spellings', '{"promptLen": 1, "prompt-len": 2}', 'given twice'],
    [
      'lists without end',
      `{"batch": ${'['.repeat(10_000)}${']'.repeat(10_000)}}`,
      'nested more than 100 deep',
    ],
  ])('%s', async (_, text, message) => {
    expect((await said('run', file('twice.json', text))).mistake).toContain(message);
  });

  it('may hold what looks like a key in a text, and one key in several objects', async () => {
    const text =
      '{"method": "none", "requests": 3, "batch": 1, "set": {"hardware.memoryBandwidth": "1.0x"}, "$schema": "\\"batch\\": x"}';
    expect((await said('run', file('fine.json', text))).mistake).toBeNull();
  });
});

describe('CSV', () => {
  it('with a quoted cell of 10 MB is read', async () => {
    const cell = `"${'x'.repeat(10_000_000)}"`;
    const { mistake } = await said(
      'run',
      '--workload',
      file('cell.csv', lengths([`10,5`]).replace('10,5', `10,${cell}`)),
    );
    expect(mistake).toContain('expected a whole number of tokens');
  });

  it('with a line of 10 MB of commas is refused soon', async () => {
    const { mistake } = await said(
      'run',
      '--workload',
      file('commas.csv', lengths([','.repeat(10_000_000)])),
    );
    expect(mistake).toContain('more than 10000 cells');
  });
});

const CASES = join(import.meta.dirname, '../../../shared/data/cases/hostile');
if (!existsSync(CASES)) console.warn(`skipped: no hostile cases in ${CASES}`);

describe.runIf(existsSync(CASES))('the cases that were reported', () => {
  it.each<[string, string[]]>([
    ['duration-nan.json', ['run', 'duration-nan.json']],
    ['policies-one-token.json', ['run', 'policies-one-token.json']],
    ['one-token-outputs.csv', ['run', '--workload', 'one-token-outputs.csv', '--method', 'none,eagle3']],
    ['workload-int32.csv', ['run', '--workload', 'workload-int32.csv', ...FEW.slice(4)]],
    ['huge-batch.json', ['run', 'huge-batch.json']],
    ['gpu-denormal.json', ['run', '--gpu', 'gpu-denormal.json', ...FEW]],
    ['deep-gpu.json', ['run', '--gpu', 'deep-gpu.json', ...FEW]],
  ])('%s', async (name, words) => {
    const { stdout, mistake } = await said(
      ...words.map((word) => (word === name ? join(CASES, name) : word)),
    );
    expect(stdout).not.toMatch(/NaN|Infinity/);
    expect(stdout === '').toBe(mistake !== null);
  });
});
