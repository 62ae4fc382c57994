import { describe, expect, test } from 'vitest';
import type { DraftHead, Transformer } from '../../src/model/architecture.ts';
import type { Gemm } from '../../src/model/layer.ts';
import { mtpHead } from '../../src/model/mtp-head.ts';
import { forwardShape, headShape } from '../../src/model/shape.ts';
import { draftCard, headFor, headNames, modelCard, modelNames, shipped } from '../shipped-models.ts';

const bf16 = { tp: 1, dtype: 'bf16' } as const;

const weights = (gemms: readonly Gemm[]) => gemms.reduce((sum, one) => sum + one.n * one.k * one.count, 0);

/** Weights a token is multiplied with, embedding and output matrix left out. */
function activeWeights(model: Transformer): number {
  const { gemms, experts } = forwardShape(model, bf16);
  return weights(gemms) + (experts ? experts.layers * experts.perToken * weights(experts.gemms) : 0);
}

function within(got: number, expected: number, share: number): void {
  expect(Math.abs(got / expected - 1), `${got} against ${expected}`).toBeLessThanOrEqual(share);
}

describe('model cards', () => {
  /**
   * Billions of parameters, MTP layers left out. The publishers state three digits or so; those beyond follow from
   * the published shapes. gpt-oss: table 1 of its model card, arXiv:2508.10925.
   */
  const published: Record<string, number> = {
    'llama-3.1-8b': 8.03,
    'llama-3.1-70b': 70.55,
    'llama-3.1-405b': 405.85,
    'llama-3-70b': 70.55,
    'llama-3.2-1b': 1.236,
    'qwen3-0.6b': 0.596,
    'qwen3-1.7b': 1.72,
    'qwen3-4b': 4.022,
    'qwen3-8b': 8.19,
    'qwen3-32b': 32.76,
    'qwen3-30b-a3b': 30.53,
    'qwen3-235b-a22b': 235.09,
    'qwen2-57b-a14b': 57.41,
    'mixtral-8x7b': 46.7,
    'gpt-oss-20b': 20.91,
    'gpt-oss-120b': 116.83,
    'glm-4.5-air': 106.85,
    'deepseek-v3': 671.03,
    'minimax-m2.5': 228.7,
    'kimi-k2.5': 1026.4,
    'glm-5': 744,
    'qwen3.5-397b-a17b': 397,
    'vicuna-13b': 13.02,
    // Diffusion models: LLaDA says 8.02 B; the others have the shapes of Qwen2.5-7B, Qwen3-8B and Gemma 4.
    'llada-8b': 8.02,
    'dream-7b': 7.616,
    'fast-dllm-v2-7b': 7.616,
    'sdar-8b': 8.19,
    'diffusiongemma-26b-a4b': 25.2,
  };

  test('there is a published count for every card', () => {
    expect(Object.keys(published).sort()).toEqual([...modelNames()].sort());
  });

  test.each(Object.entries(published))('%s has %f B parameters', (name, billions) => {
    within(forwardShape(modelCard(name), bf16).weightBytes / 2, billions * 1e9, 0.005);
  });

  /** Billions of weights a token is multiplied with in the layers, from the shapes, by hand. */
  test.each([
    ['llama-3.1-8b', 6.9793],
    ['mixtral-8x7b', 12.6175],
    ['qwen3-30b-a3b', 2.7305],
    ['qwen3-235b-a22b', 20.9453],
    ['qwen2-57b-a14b', 13.1598],
    ['gpt-oss-20b', 3.028],
    ['gpt-oss-120b', 4.552],
    ['glm-4.5-air', 12.1816],
    ['deepseek-v3', 35.6979],
  ])('%s multiplies a token with %f B weights', (name, billions) => {
    within(activeWeights(modelCard(name)), billions * 1e9, 1e-4);
  });

  test.each([
    ['llama-3.1-8b', 131072],
    ['llama-3.1-405b', 516096],
    ['qwen3-0.6b', 114688],
    ['qwen2-57b-a14b', 57344],
    ['gpt-oss-120b', 73728],
    ['glm-4.5-air', 188416],
    ['deepseek-v3', 70272],
  ])('%s keeps %i bytes of KV cache a token', (name, bytes) => {
    expect(forwardShape(modelCard(name), bf16).kvBytesPerToken).toBe(bytes);
  });

  test('a card keeps its source', () => {
    for (const name of [...modelNames(), ...headNames()]) expect(draftCard(name).source).not.toBe('');
  });

  test('an unknown name is met with the nearest one', async () => {
    await expect(shipped.model('llama-3.1-8B')).rejects.toThrow(
      'unknown model "llama-3.1-8B": nearest is llama-3.1-8b',
    );
    await expect(shipped.draft('eagle3-llama')).rejects.toThrow(
      /unknown draft model "eagle3-llama": nearest is eagle/,
    );
  });
});

describe('draft heads', () => {
  /** Millions of weights: in every pass (output matrix included), added by the first, and kept beside the target's. */
  const heads: [name: string, everyPass: number, firstPass: number, resident: number][] = [
    ['eagle3-llama-3.1-8b', 374.3, 50.3, 424.7],
    ['eagle3-llama-3.1-70b', 1201.7, 201.3, 1403.0],
    ['eagle3-qwen3-8b', 349.2, 50.3, 399.5],
    ['eagle3-qwen3-32b', 703.9, 78.6, 782.5],
    ['eagle3-qwen3-30b-a3b', 170.4, 12.6, 183.0],
    ['eagle3-qwen3-235b-a22b', 542.1, 50.3, 592.4],
    ['eagle3-gpt-oss-20b', 282.7, 24.9, 307.6],
    ['eagle3-gpt-oss-120b', 282.7, 24.9, 307.6],
    ['eagle3-deepseek-v3', 1293.7, 154.1, 1447.8],
    ['eagle-llama-3.1-8b', 777.0, 0, 777.0 - 525.3],
    ['eagle-llama-3.1-70b', 2040.5, 0, 2040.5 - 1050.7],
    ['eagle-qwen3-8b', 848.8, 0, 848.8 - 622.3],
    ['eagle-mixtral-8x7b', 382.7, 0, 382.7 - 131.1],
    ['eagle-qwen2-57b-a14b', 803.3, 0, 803.3 - 544.5],
    // fusion + layer with 8 experts + output matrix; README_WEIGHTS of DeepSeek-V3 says 11.5 B weights of its own
    ['mtp-deepseek-v3', 102.8 + 585.2 + 926.7, 0, 11_610],
    ['mtp-glm-4.5-air', 33.6 + 264.8 + 620.8, 0, 2_374.5],
    // five layers of the target's shapes and its output matrix; first pass: fusion, keys and values, by hand
    ['dflash-qwen3-4b', 893.6, 32.8 + 26.2, 504.6 + 32.8],
    ['dflash-qwen3-8b', 5 * 192.9 + 622.3, 83.9 + 41.9, 5 * 192.9 + 83.9],
    // the same and 151,936 x 256 of a small head in turn
    ['dspark-qwen3-8b', 5 * 192.9 + 622.3, 83.9 + 41.9, 5 * 192.9 + 83.9 + 38.9],
    // four layers of EAGLE-3's, 190.5 each, and its output matrix of 92.2; fusion in the first pass
    ['p-eagle-gpt-oss-20b', 4 * 190.5 + 92.2, 24.9, 4 * 190.5 + 92.2 + 24.9],
    ['p-eagle-gpt-oss-120b', 4 * 190.5 + 92.2, 24.9, 4 * 190.5 + 92.2 + 24.9],
    // three heads of 4096 x 4096 and 128,256 x 4096 each
    ['medusa-llama-3.1-8b', 3 * (16.777 + 525.3), 0, 3 * (16.777 + 525.3)],
  ];

  test('every head is in the table', () => {
    expect(heads.map(([name]) => name).sort()).toEqual([...headNames()].sort());
  });

  test.each(heads)('%s: %f M weights a pass', (name, everyPass, firstPass, resident) => {
    const head = draftCard(name) as DraftHead;
    const shape = headShape(head, modelCard(head.target), { tp: 1 });
    const routed = shape.experts ? shape.experts.perToken * weights(shape.experts.gemms) : 0;
    within(weights(shape.gemms) + routed + weights([shape.lmHead]), everyPass * 1e6, 0.001);
    expect(weights(shape.firstPassGemms) / 1e6).toBeCloseTo(firstPass, 0);
    within(shape.weightBytes / 2, resident * 1e6, 0.001);
  });

  test('the default head of a model goes by kind, and by shapes where two models share them', () => {
    const name = (target: string, kind: DraftHead['kind']) => shipped.headFor(modelCard(target), kind);
    expect(name('llama-3.1-8b', 'eagle3')).toBe('eagle3-llama-3.1-8b');
    expect(name('llama-3-70b', 'eagle')).toBe('eagle-llama-3.1-70b');
    expect(name('glm-4.5-air', 'mtp')).toBe('mtp-glm-4.5-air');
    expect(name('llama-3.1-8b', 'mtp')).toBeNull();
    expect(shipped.headFor({ ...modelCard('llama-3.1-8b'), name: 'somebody-elses' }, 'eagle3')).toBeNull();
  });

  test('a draft may be a whole model', () => {
    expect(draftCard('qwen3-0.6b')).toMatchObject({ kind: 'transformer', name: 'qwen3-0.6b' });
  });

  test('every head fits its target, and the twin of it', () => {
    const options = { tp: 1 };
    for (const name of headNames()) {
      const head = draftCard(name) as DraftHead;
      expect(headShape(head, modelCard(head.target), options).name).toBe(name);
    }
    const borrowed = headFor('llama-3-70b', 'eagle3');
    expect(headShape(borrowed, modelCard('llama-3-70b'), options).name).toBe('eagle3-llama-3.1-70b');
  });

  test('only a model with an MTP layer has an MTP head', () => {
    expect(mtpHead(modelCard('deepseek-v3'))).toEqual(draftCard('mtp-deepseek-v3'));
    expect(() => mtpHead(modelCard('qwen3-8b'))).toThrow(
      'model qwen3-8b has no multi-token-prediction layer',
    );
  });
});
