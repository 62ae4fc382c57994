/** Elasticities: they add up, agree with runs that set the parameter, and are smooth. */
import { describe, expect, it } from 'vitest';
import { commandLineOf } from '../../src/cli/scenario-flags.ts';
import { ask } from '../../src/node/ask.ts';
import { folderLibrary } from '../../src/node/folder-library.ts';
import { CARDS } from '../../src/questions/cards.ts';
import { type Sensitivity, sensitivityOf } from '../../src/questions/elasticities.ts';
import { gatherInputs } from '../../src/scenario/inputs.ts';
import { completeScenario, type Options } from '../../src/scenario/options.ts';
import { runScenario } from '../../src/scenario/run.ts';
import { said } from '../cli/command.ts';

const SENSITIVITY = CARDS.find(({ name }) => name === 'sensitivity')!;

const inputsOf = (options: Options) => gatherInputs(completeScenario(options), folderLibrary);
const options: Options = {
  requests: 5,
  batch: [1, 64],
  method: ['none', 'ngram', 'eagle3', 'oracle:eagle3', 'combined:ngram+eagle3'],
  tp: 2,
};
const result = sensitivityOf(await inputsOf(options));

/** Specification and engine times: the efficiencies only share in the former. */
const EVERYTHING = ['hardware.memoryBandwidth', 'hardware.denseFlops', 'hardware.efficiency.allReduce'];

describe('elasticities', () => {
  it('are there for every method and batch size', () => {
    expect(result.rows).toHaveLength(10);
    expect(result.step).toBe(0.01);
  });

  it('add up: a machine 1 % faster in all is 1 % faster, and no better at speculation', () => {
    for (const { elasticities } of result.rows) {
      const sum = (of: (one: (typeof elasticities)[number]) => number) =>
        elasticities.reduce((total, one) => {
          if (one.parameter.startsWith('engine.')) return total - of(one);
          return EVERYTHING.includes(one.parameter) ? total + of(one) : total;
        }, 0);
      expect(sum(({ throughput }) => throughput)).toBeCloseTo(1, 4);
      expect(sum(({ speedup }) => speedup ?? 0)).toBeCloseTo(0, 4);
    }
  });

  it('of an efficiency are never larger than of what it is a share of', () => {
    for (const { elasticities } of result.rows) {
      const of = (name: string) => elasticities.find(({ parameter }) => parameter === name)!.throughput;
      const gemm = of('hardware.efficiency.gemm.bandwidth');
      const attention = of('hardware.efficiency.attention.bandwidth');
      expect(gemm + attention).toBeLessThanOrEqual(of('hardware.memoryBandwidth') + 1e-6);
    }
  });

  it('are sorted by size', () => {
    for (const { elasticities } of result.rows) {
      const sizes = elasticities.map(({ throughput }) => Math.abs(throughput));
      expect(sizes).toEqual(sizes.toSorted((a, b) => b - a));
    }
  });

  it('say what a run with the parameter set shows', async () => {
    const [set, parameter] = [{ 'hardware.memoryBandwidth': '1.02x' }, 'hardware.memoryBandwidth'];
    const base = runScenario(await inputsOf(options)).rows;
    const more = runScenario(await inputsOf({ ...options, set })).rows;
    for (const [i, { elasticities, throughput_tok_per_s, speedup }] of result.rows.entries()) {
      const one = elasticities.find((candidate) => candidate.parameter === parameter)!;
      const change = Math.log(more[i]!.throughput_tok_per_s / base[i]!.throughput_tok_per_s);
      expect(change / Math.log(1.02)).toBeCloseTo(one.throughput, 1);
      expect(throughput_tok_per_s).toBe(base[i]!.throughput_tok_per_s);
      expect(speedup).toBe(base[i]!.method === 'none' ? null : base[i]!.speedup);
      expect(one.speedup === null).toBe(base[i]!.method === 'none');
    }
  });

  it('change smoothly with the batch size and are free of noise', async () => {
    const batches = [32, 33, 34, 35];
    const method = ['eagle3'];
    const { rows } = sensitivityOf(await inputsOf({ requests: 5, method, batch: batches }));
    const of = rows.map(({ elasticities }) => new Map(elasticities.map((one) => [one.parameter, one])));
    for (const name of of[0]!.keys()) {
      const values = of.map((row) => row.get(name)!.throughput);
      for (let i = 1; i < values.length; i++) {
        expect(Math.abs(values[i]! - values[i - 1]!)).toBeLessThan(0.05);
      }
    }
  });

  it('leave out what has no effect in the setting', async () => {
    const names = async (of: Options) => {
      const { rows } = sensitivityOf(await inputsOf({ requests: 2, batch: [1], method: ['none'], ...of }));
      return rows[0]!.elasticities.map(({ parameter }) => parameter);
    };
    expect(await names({})).not.toContain('hardware.efficiency.allReduce');
    expect(await names({ tp: 2 })).toContain('hardware.efficiency.allReduce');
  });
});

describe('the command line', () => {
  const small = ['--requests', '2', '--output-len', '20', '--batch', '1,8', '--method', 'none,eagle3'];
  const specsim = (...args: string[]) => said('sensitivity', ...small, ...args);

  it('prints parameters by size, batch sizes across', async () => {
    const { mistake, stdout, stderr } = await specsim('--set', 'engine.layerLaunch=2x');
    expect(stderr).toBe('');
    expect(mistake).toBeNull();
    expect(stdout).toMatch(/\(central\s+differences, 1%\)/);
    expect(stdout).toContain('set      engine.layerLaunch=2x');
    expect(stdout).toMatch(/^trace gsm8k, none\nparameter +tokens\/s @1 +tokens\/s @8\n/m);
    expect(stdout).toMatch(/^trace gsm8k, eagle3 k=3\nparameter .* speedup @1\nhardware\.mem/m);
    expect(stdout).toMatch(/^parameter +speedup @8\nhardware\.mem/m);
  });

  it('writes JSON and CSV of the same numbers', async () => {
    const json = JSON.parse((await specsim('--format', 'json')).stdout) as Sensitivity;
    expect(json).toMatchObject({ schemaVersion: 2, step: 0.01, config: { set: {} } });
    const [head, ...lines] = (await specsim('--format', 'csv')).stdout.trim().split('\n');
    expect(head).toMatch(/^schema_version,gpu,.*,parameter,throughput_elasticity,speedup_elasticity$/);
    const numbers = json.rows.flatMap(({ elasticities }) => elasticities);
    expect(lines).toHaveLength(numbers.length);
    expect(lines[0]).toContain(`${numbers[0]!.parameter},${numbers[0]!.throughput},`);
  });

  it('refuses in one line', async () => {
    const { mistake, stdout, stderr } = await specsim('--k', '0');
    expect(mistake).toMatch(/^--k: got "0", expected a whole number of at least 1$/);
    expect(stdout).toBe('');
    expect(stderr).toBe('');
  });

  it.each([
    ['an open load', { load: 'poisson:2' }, '--load poisson:2: sensitivity needs batch sizes'],
    ['constants of a fit', { cost: 'specdecode-bench' }, '--cost specdecode-bench: sensitivity needs'],
    ['an unknown path', { set: 'engine.launch=2x' }, 'nearest is engine.layerLaunch'],
    ['several GPUs', { gpu: 'h100-sxm,l4' }, '--gpu h100-sxm,l4: names several, expected one'],
    ['a folder that is not there', { out: 'nowhere/x.json' }, 'folder nowhere does not exist'],
  ])('refuses %s', async (_, flags, words) => {
    await expect(
      ask(SENSITIVITY, commandLineOf({ requests: '2', ...flags, format: 'json' })),
    ).rejects.toThrow(words);
  });
});
