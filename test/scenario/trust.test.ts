/** What is doubted of a setting beside its constants: nothing on the calibrated spot, a class for each distance from it. */
import { expect, it } from 'vitest';
import type { Uncertainty } from '../../src/metrics/confidence.ts';
import { folderLibrary } from '../../src/node/folder-library.ts';
import { Bench } from '../../src/scenario/bench.ts';
import { gatherInputs, type Inputs } from '../../src/scenario/inputs.ts';
import { completeScenario, type Options } from '../../src/scenario/options.ts';
import { runScenario } from '../../src/scenario/run.ts';
import { Setups } from '../../src/scenario/setup.ts';
import { ACCEPTANCE, DISTANCES, doubtsOf, leastTrust, trustText } from '../../src/scenario/trust.ts';

function inputsOf(options: Options): Promise<Inputs> {
  return gatherInputs(completeScenario({ requests: 2, k: [3], ...options }), folderLibrary);
}

async function doubts(options: Options): Promise<Record<string, number>> {
  const inputs = await inputsOf(options);
  const [method] = inputs.methods;
  const [trace] = inputs.traces;
  const setup = new Setups(inputs, trace!, new Set()).of({ method: method!, k: 3 }, 1);
  return Object.fromEntries(doubtsOf(inputs, setup, trace!, 1).map(({ name, error }) => [name, error]));
}

const distance = (name: string) => DISTANCES.find((one) => one.name === name)!;

it('a process fitted to a recording on the calibrated spot adds no doubt', async () => {
  expect(await doubts({ method: ['eagle3'] })).toEqual({});
  expect(trustText((await inputsOf({ method: ['eagle3'] })).trust)).toBe('trust: calibrated here');
});

it('plain decoding is doubted as far as its speed goes, and only there', async () => {
  const { speed } = distance('experts');
  expect(await doubts({ method: ['none'], target: 'qwen3-30b-a3b' })).toEqual({ 'experts speed': speed });
});

it('quantiles, stated rates, experts, formats and GPUs beyond the range each add theirs', async () => {
  expect(await doubts({ method: ['eagle'] })).toEqual({ 'quantiles eagle': ACCEPTANCE.quantiles.speedup });
  // Four GPUs are two doublings of the one that was calibrated: errors of each add in squares.
  expect((await doubts({ method: ['ngram'], target: 'llama-3-70b', tp: 4 }))['tp speedup']).toBeCloseTo(
    Math.sqrt(2) * distance('tp').speedup,
    12,
  );
  const far: Options = {
    method: ['eagle3'],
    target: 'qwen3-30b-a3b',
    dtype: 'fp8',
    acceptance: { eagle3: '2.5@3' },
  };
  expect(await doubts(far)).toMatchObject({
    'experts speedup': distance('experts').speedup,
    'format speedup': distance('format').speedup,
    'stated eagle3': ACCEPTANCE.stated.speedup,
  });
  const { trust } = await inputsOf(far);
  expect(trust.level).toBe('far');
  expect(trust.reasons.join()).toContain('fp8 (calibrated bf16)');
});

it('KV caches and drafts in another format are told, and formats that an engine was calibrated with are not', async () => {
  const reasons = async (options: Options) => (await inputsOf(options)).trust.reasons.join('; ');
  expect(await reasons({ method: ['eagle3'], kvDtype: 'fp8', draftDtype: 'int8' })).toBe(
    'KV cache in fp8, drafts in int8 (calibrated bf16)',
  );
  expect(await reasons({ method: ['none'], draftDtype: 'auto' })).toBe('');
  const served: Options = { method: ['none'], engine: 'vllm-0.19', target: 'gpt-oss-120b', gpu: 'h100-sxm' };
  expect(await reasons(served)).not.toContain('mxfp4');
  expect(await reasons({ ...served, target: 'minimax-m2.5', tp: 8, dtype: 'nvfp4' })).not.toContain('nvfp4');
  expect(await reasons({ ...served, target: 'qwen3-30b-a3b', dtype: 'fp8' })).toContain(
    'fp8 (calibrated nvfp4, fp8-block, int4)',
  );
});

it('kernels of a class are known as well as kernels elsewhere are alike, format by format', async () => {
  const errors = async (gpu: string, dtype: NonNullable<Options['dtype']>) =>
    (await inputsOf({ method: ['none'], target: 'qwen3-30b-a3b', tp: 2, gpu, dtype })).classErrors;
  expect(await errors('h100-sxm', 'bf16')).toEqual({});
  expect(await errors('h100-sxm', 'fp8-block')).toEqual({});
  // Products of attention stay in bf16; a range of 0.84 to 1.21 of the class is 95 %.
  expect(await errors('a100-sxm-80', 'nvfp4')).toEqual({ experts: Math.log(1.21 / 0.84) / 4 });
  expect(await errors('h100-sxm', 'int4')).toEqual({ experts: 0.1 });
  const drafts = await inputsOf({ method: ['eagle3'], draftDtype: 'nvfp4' });
  expect(drafts.classErrors).toEqual({ kernels: Math.log(1.82 / 0.95) / 4 });
  expect(drafts.warnings.join()).toContain(
    'gpu h100-sxm has no fp4 arithmetic: nvfp4 weights are read as such',
  );
  const itself = (method: string, name: string) =>
    inputsOf({ method: [method], acceptance: { [name]: '0.7' } });
  expect((await itself('self:int4', 'self:int4')).classErrors).toEqual({ kernels: 0.1 });
  // A copy of the target runs on the kernels that were measured.
  const copy = await itself('oracle:self:fp8-block', 'self:fp8-block');
  expect(copy.classErrors).toEqual({});
  expect(copy.hardware.efficiency.kernels.length).toBeGreaterThan(0);
});

it('acceptance of another target is borrowed, unless it is stated', async () => {
  const target = 'llama-3.1-70b';
  const draft = 'llama-3.2-1b';
  const borrowed = await doubts({ method: ['ngram'], target, tp: 4 });
  expect(borrowed['borrowed ngram']).toBe(ACCEPTANCE.borrowed.speedup);
  const stated = { 'draft-model': '0.7' };
  const own = await doubts({ method: ['draft-model'], target, draft, tp: 4, acceptance: stated });
  expect(Object.keys(own)).toContain('stated draft-model');
  expect(Object.keys(own)).not.toContain('borrowed draft-model');
});

it('of several answers the least trust counts, with all reasons once', () => {
  expect(
    leastTrust([
      { level: 'near', reasons: ['a'] },
      { level: 'far', reasons: ['b', 'a'] },
      { level: 'calibrated here', reasons: [] },
    ]),
  ).toEqual({ level: 'far', reasons: ['a', 'b'] });
});

it('an interval is as wide as its parts together, and wider where acceptance is only fitted to quantiles', async () => {
  const inputs = await inputsOf({
    method: ['none', 'eagle', 'eagle3'],
    requests: 40,
    batch: [1],
    trace: ['gsm8k'],
  });
  const [plain, eagle, eagle3] = runScenario(inputs).rows;
  const size = (parts: Uncertainty) => Math.hypot(...Object.values(parts));
  const half = (lo: number, hi: number) => Math.log(hi / lo) / 2;
  for (const row of [eagle!, eagle3!]) {
    // 400 draws know a half-width to some 7 %.
    const ratio = half(row.speedup_lo!, row.speedup_hi!) / (1.96 * size(row.uncertainty!));
    expect(Math.abs(ratio - 1)).toBeLessThan(0.2);
  }
  const own = half(plain!.throughput_lo_tok_per_s!, plain!.throughput_hi_tok_per_s!);
  expect(Math.abs(own / (1.96 * size(plain!.uncertainty!)) - 1)).toBeLessThan(0.2);
  expect(eagle!.uncertainty!.acceptance).toBe(ACCEPTANCE.quantiles.speedup);
  expect(eagle3!.uncertainty).toMatchObject({ acceptance: 0, distance: 0, model: 0.014 });
});

it('two draft lengths of one method share what the model leaves out: below 1 % on either side', async () => {
  const inputs = await inputsOf({ method: ['eagle3', 'ngram'], requests: 200, trace: ['gsm8k'] });
  const bench = new Bench(inputs, inputs.traces[0]!, 'clones', new Set());
  const widths: number[] = [];
  for (const method of inputs.methods) {
    for (const batch of [1, 64]) {
      for (const [a, b] of [
        [3, 4],
        [4, 5],
      ] as const) {
        const { ratio, lo, hi } = bench.ratio({ method, k: a }, { method, k: b }, batch);
        widths.push((hi - lo) / (2 * ratio));
      }
    }
  }
  console.log(widths);
  expect(Math.max(...widths)).toBeLessThan(0.01);
});
