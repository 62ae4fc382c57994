/** Target efficiency and what a verification loads of a mixture, by hand, and its shape (MoESD, arXiv 2505.19645). */
import { expect, it } from 'vitest';
import { folderLibrary } from '../../src/node/folder-library.ts';
import { explanationOf } from '../../src/questions/explanation.ts';
import { gatherInputs } from '../../src/scenario/inputs.ts';
import { completeScenario } from '../../src/scenario/options.ts';

async function explained(target: string, set: Record<string, string>, batch: number[]) {
  const options = {
    target,
    set,
    method: ['eagle3'],
    k: [3],
    batch,
    requests: 1,
    acceptance: { eagle3: '0.7' },
  };
  const inputs = await gatherInputs(completeScenario(options), folderLibrary);
  return explanationOf(inputs).rows;
}

it('says what a plain step and a verification load, and from which batch on all is loaded', async () => {
  const even = { 'target.experts.share': '0', 'target.experts.skew': '0' };
  const [one] = await explained('qwen3-30b-a3b', even, [4]);
  const distinct = (tokens: number) => 128 * (1 - (1 - 8 / 128) ** tokens);
  expect(one!.plain_distinct_experts).toBeCloseTo(distinct(4), 9);
  expect(one!.distinct_experts).toBeCloseTo(distinct(16), 9);
  expect(one!.tokens_per_expert).toBeCloseTo((16 * 8) / distinct(16), 9);
  // MoESD: 47 tokens, 4 of each sequence.
  expect(one!.experts_saturate_at).toBe(12);
  expect(one!.target_efficiency).toBeGreaterThan(0);
  expect(one!.target_efficiency).toBeLessThan(1);
  expect(one!.step_ratio).toBeGreaterThan(1);
});

it('a dense model has no experts to load', async () => {
  const [one] = await explained('llama-3.1-8b', {}, [4]);
  expect(one).toMatchObject({ experts: null, distinct_experts: null, experts_saturate_at: null });
  expect(one!.target_efficiency).toBeGreaterThan(0.9);
});
