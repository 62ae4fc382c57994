/** Every GPU, every model and every engine that ships takes part in a run. */
import { describe, expect, it } from 'vitest';
import { folderLibrary } from '../../src/node/folder-library.ts';
import { gatherInputs } from '../../src/scenario/inputs.ts';
import { completeScenario, type Options } from '../../src/scenario/options.ts';
import { runScenario } from '../../src/scenario/run.ts';
import { modelCard, modelNames } from '../shipped-models.ts';

const gpus = await folderLibrary.names('gpu');
const engines = await folderLibrary.names('engine');

async function speedups(options: Options): Promise<(number | null)[]> {
  const scenario = completeScenario({ requests: 5, batch: [1, 32], method: ['none', 'ngram'], ...options });
  return runScenario(await gatherInputs(scenario, folderLibrary)).rows.map((row) => row.speedup);
}

function expectPlausible(values: readonly (number | null)[]): void {
  expect(values).toHaveLength(4);
  expect(values.slice(0, 2)).toEqual([1, 1]);
  for (const value of values.slice(2)) {
    expect(value).toBeGreaterThan(0.5);
    expect(value).toBeLessThan(3);
  }
}

describe('a run', () => {
  it('there are at least 16 GPUs and 17 models', () => {
    expect(gpus.length).toBeGreaterThanOrEqual(16);
    expect(modelNames().length).toBeGreaterThanOrEqual(17);
  });

  it.each(gpus)('on %s', async (gpu) => expectPlausible(await speedups({ gpu, target: 'llama-3.2-1b' })));

  const writes = (name: string) => modelCard(name).diffusion !== undefined;

  it.each(modelNames().filter(writes))('of %s', async (target) => {
    const method = ['diffusion:block'];
    for (const speedup of await speedups({ target, method, unmask: '3', trace: ['llama-3.1-8b/gsm8k'] })) {
      expect(speedup).toBeGreaterThan(0.05);
      expect(speedup).toBeLessThan(3);
    }
  });

  it.each(modelNames().filter((name) => !writes(name)))('of %s', async (target) =>
    expectPlausible(
      await speedups({
        target,
        gpu: 'b300-sxm',
        tp: target === 'qwen2-57b-a14b' ? 4 : 8,
        trace: ['llama-3.1-8b/gsm8k'],
      }),
    ),
  );

  it.each(engines)('under %s', async (engine) => expectPlausible(await speedups({ engine })));

  it.each([
    ['VLLM_0.10', 'vllm-0.10'],
    ['SGLang 0.5', 'sglang-0.5'],
    ['trtllm1', 'trtllm-1'],
  ])('under %s, which is %s', async (typed, engine) => {
    const inputs = (name: string) => gatherInputs(completeScenario({ engine: name }), folderLibrary);
    const meant = await inputs(engine);
    expect(await inputs(typed)).toMatchObject({ scenario: { engine }, configHash: meant.configHash });
  });

  it('an engine that is close to one is not taken for it', async () => {
    await expect(gatherInputs(completeScenario({ engine: 'vllm-0.12' }), folderLibrary)).rejects.toThrow(
      'unknown engine "vllm-0.12": nearest is vllm-0.1',
    );
  });
});
