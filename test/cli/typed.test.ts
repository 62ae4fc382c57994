/** What people type in a first hour: what was meant is named, what cannot be is said. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { printable } from '../../src/errors.ts';
import { sentence } from '../../src/report/document.ts';
import { textOf } from '../../src/report/text.ts';
import { recordAt } from '../../src/sweep/records.ts';
import { said } from './command.ts';

const folder = mkdtempSync(join(tmpdir(), 'specsim-typed-'));
afterAll(() => rmSync(folder, { recursive: true }));

const FEW = ['--requests', '2', '--batch', '1', '--method', 'none'];

describe('a name', () => {
  it.each<[string[], string]>([
    [['run', '--gpu', 'H100'], 'nearest is h100-sxm'],
    [['run', '--gpu', 'h1000'], 'nearest is h100'],
    [['run', '--target', 'LLAMA-3.1-8B'], 'nearest is llama-3.1-8b'],
    [['run', '--method', 'oracle:none'], 'none drafts nothing'],
    [['run', '--gpu', 'h100-sxm,h200-sxm'], 'specsim compare --gpu h100-sxm,h200-sxm'],
    [['rnu'], 'nearest is run'],
  ])('%j', async (words, expected) => {
    expect((await said(...words)).mistake).toContain(expected);
  });

  it.each([
    [['run', '--target', 'gpt-5']],
    [['foo']],
    [['run', '--foo', '1']],
    [['run', '--gpu', 'zzzzzzzz']],
  ])('%j is near to none', async (words) => {
    const { mistake } = await said(...words);
    expect(mistake).toMatch(/unknown .* \(known: /);
    expect(mistake).not.toContain('nearest');
  });
});

it.each([[['-h']], [['help']], [['run', '-h']], [['help', 'run']], [['-v']]])('%j helps', async (words) => {
  const { stdout, mistake } = await said(...words);
  expect(mistake).toBeNull();
  expect(stdout).toMatch(/specsim/);
});

describe('a list', () => {
  it('takes ranges wherever it holds numbers', async () => {
    const json = async (...words: string[]) => {
      const { stdout } = await said('run', ...FEW.slice(0, 2), ...words, '--format', 'json');
      return JSON.parse(stdout).config;
    };
    expect((await json('--method', 'none', '--batch', '1..4')).batch).toEqual([1, 2, 4]);
    expect((await json('--method', 'eagle3', '--batch', '1', '--k', '2..4')).k).toEqual([2, 3, 4]);
  });

  it.each(['--batch', '--k'])('%s: a range that is turned around is named', async (flag) => {
    expect((await said('run', flag, '64..1')).mistake).toContain('from the smaller to the larger');
  });

  it('is given once, as every option is', async () => {
    expect((await said('run', '--batch', '1', '--batch', '64')).mistake).toContain('--batch: got ["1","64"]');
    expect((await said('run', '--gpu', 'l4', '--gpu', 't4')).mistake).toContain('--gpu: got ["l4","t4"]');
  });
});

describe('what is named acts, or is refused', () => {
  const file = (name: string, value: unknown) => {
    writeFileSync(join(folder, name), JSON.stringify(value));
    return join(folder, name);
  };
  it.each<[string, string[], RegExp]>([
    ['a default of a flag', [...FEW, '--k', '3'], /^--k has no effect with --method none/],
    ['a default policy', [...FEW, '--policy', 'fixed'], /^--policy has no effect/],
    ['whole requests of a fitted trace', [...FEW, '--keep-truncated'], /has no effect with trace gsm8k/],
    [
      'a value of a file',
      [file('set.json', { set: { 'hardware.memoryBandwidth': 1.2 } })],
      /set.json: set hardware/,
    ],
    ['an option of a file', [file('tp.json', { tp: 3 })], /tp.json: tp 3: gpu h100-sxm has no/],
    ['a flag over a file', [file('tp.json', { tp: 3 }), '--tp', '5'], /^--tp 5: /],
    [
      'what another engine calls so',
      [file('temp.json', { temperature: 0.5 })],
      /temp.json: temperature: .*--acceptance/,
    ],
    [
      'a draft beyond memory',
      [
        '--draft',
        'llama-3.1-405b',
        '--tp',
        '8',
        '--method',
        'draft-model',
        '--acceptance',
        'draft-model=0.7',
      ],
      /of which draft llama-3.1-405b 101[0-9.]+ GB/,
    ],
  ])('%s', async (_, words, message) => {
    expect((await said('run', ...words)).mistake).toMatch(message);
  });

  it.each<[string, string[], string]>([
    [
      'a table of another method',
      [
        '--method',
        'eagle3',
        '--policy',
        `table:${file('t.json', { method: 'ngram', num_speculative_tokens_per_batch_size: [[1, 9, 2]] })}`,
      ],
      'was made for ngram',
    ],
    [
      'a GPU that cannot be',
      [
        '--method',
        'none',
        '--gpu',
        file('far.json', {
          specification: {
            memoryBandwidth: '900 TB/s',
            memoryCapacity: '80 GB',
            denseFlops: { bf16: '1 PFLOP/s' },
          },
        }),
      ],
      'gpu far: memoryBandwidth: 900 TB/s is out of physical range',
    ],
  ])('%s is warned of', async (_, words, warning) => {
    const { stderr, mistake } = await said(
      'run',
      '--requests',
      '2',
      '--batch',
      '1',
      ...words,
      '--format',
      'csv',
    );
    expect(mistake).toBeNull();
    expect(stderr).toContain(warning);
  });

  it('nothing is drafted where nothing has a second token', async () => {
    const { stdout } = await said('run', '--output-len', '1', '--requests', '2', '--batch', '1');
    expect(stdout).toMatch(/^nothing is drafted: no request has a second output token/);
    expect(stdout).not.toContain('next, ');
  });
});

it('a head of another model is used with a warning', async () => {
  const words = ['--draft', 'eagle3-qwen3-8b', '--method', 'eagle3', '--requests', '2', '--batch', '1'];
  const { stdout, mistake } = await said('run', ...words, '--format', 'json');
  expect(mistake).toBeNull();
  expect(JSON.parse(stdout).warnings.join()).toContain('was trained for qwen3-8b');
});

describe('text of a file', () => {
  const hostile = '\u001b]0;title\u0007\u202egnp\nspeedup 9x\u009b31m';

  it('is printed as text', async () => {
    expect(printable(hostile)).toBe('\\u001b]0;title\\u0007\\u202egnp\\u000aspeedup 9x\\u009b31m');
    expect(textOf([[sentence(hostile)]])).toBe(`${printable(hostile)}\n`);
    const gpu = join(folder, 'gpu.json');
    const specification = {
      memoryBandwidth: '3 TB/s',
      memoryCapacity: '80 GB',
      denseFlops: { bf16: '1 PFLOP/s' },
    };
    writeFileSync(gpu, JSON.stringify({ name: hostile, label: hostile, specification }));
    const { stdout } = await said('run', '--gpu', gpu, ...FEW);
    expect(stdout).toContain('title');
    for (const line of stdout.split('\n')) expect(printable(line)).toBe(line);
    expect(stdout).not.toMatch(/^speedup 9x/m);
    const { mistake } = await said('run', '--gpu', hostile);
    expect(mistake).toBe(printable(mistake!));
  });
});

describe('a result of a sweep', () => {
  const row = {
    gpu: 'g',
    target: 't',
    trace: 'x',
    method: 'none',
    tp: 1,
    k: null,
    batch_size: 1,
    throughput_tok_per_s: 5,
  };
  const record = { point: 0, id: 'a', axes: {}, gpus: 1, row, error: null };

  it('is read as it was written', () => expect(recordAt(record, 'f')).toBe(record));

  it.each<[string, unknown]>([
    ['no object', 5],
    ['a point below 0', { ...record, point: -1 }],
    ['axes that are none', { ...record, axes: { batch: {} } }],
    ['no GPU', { ...record, gpus: 0 }],
    ['neither row nor error', { ...record, row: null }],
    ['a figure that is text', { ...record, row: { ...row, throughput_tok_per_s: '5' } }],
    ['a figure below 0', { ...record, row: { ...row, throughput_tok_per_s: -5 } }],
    ['a row without a column', { ...record, row: { ...row, gpu: undefined } }],
  ])('%s is refused', (_, changed) => {
    expect(() => recordAt(changed, 'f, line 1')).toThrow('f, line 1: not a result of a sweep');
  });
});
