/** What is left for the KV cache, by hand and against two counts that vLLM logged. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseEngine } from '../../src/cost/engine-profile.ts';
import { kvBytes, sequenceBytes } from '../../src/cost/memory.ts';
import { parseHardware } from '../../src/hardware/load.ts';
import { forwardShape, headShape } from '../../src/model/shape.ts';
import { headFor, modelCard } from '../shipped-models.ts';

const read = (path: string) =>
  JSON.parse(readFileSync(new URL(`../../hardware-profiles/${path}.json`, import.meta.url), 'utf8'));
const llama = modelCard('llama-3.1-8b');
const target = forwardShape(llama, { tp: 1, dtype: 'bf16' });
const eagle = headShape(headFor('llama-3.1-8b', 'eagle'), llama, { tp: 1 });

describe('KV memory', async () => {
  const engine = await parseEngine(read('engines/vllm-0.10'), 'vllm-0.10');

  it.each([
    ['rtx-4090', [], 41408, 0.06, 'vLLM at 0.9, casys-kaist/LLMServingSim issue 59'],
    ['h100-sxm', [eagle], 410128, 0.05, 'vLLM 0.9.1 with an EAGLE head, its log'],
  ] as const)('%s: as many tokens as vLLM logged', async (gpu, drafts, logged, share, _source) => {
    const hardware = await parseHardware(read(gpu), gpu);
    const perToken = [target, ...drafts].reduce((sum, shape) => sum + shape.kvBytesPerToken, 0);
    const tokens = kvBytes(target, drafts, hardware, engine) / perToken;
    expect(Math.abs(tokens / logged - 1)).toBeLessThanOrEqual(share);
  });

  it.each([
    ['llama-3.1-8b', { tp: 1 }, 574608],
    ['qwen3-32b', { tp: 2 }, 462144],
    ['qwen3-30b-a3b', { tp: 1, ep: 2, copies: 2 }, 605104],
  ] as const)('RTX PRO 6000, %s: as vLLM 0.28 logged, to 3 %%', async (model, layout, logged) => {
    // LLMServingSim, bench/examples, vllm/meta.json: a share of 0.92, 2048 tokens and 128 sequences a step.
    const limits = { memoryShare: 0.92, maxBatchedTokens: 2048, maxSequences: 128 };
    const hardware = await parseHardware(read('rtx-pro-6000-server'), 'rtx-pro-6000-server');
    const shape = forwardShape(modelCard(model), { dtype: 'bf16', ...layout });
    const tokens = kvBytes(shape, [], hardware, { ...engine, ...limits }) / shape.kvBytesPerToken;
    expect(Math.abs(tokens / logged - 1)).toBeLessThanOrEqual(0.03);
  });

  it('is what the share leaves beside weights, the sampler of 1024 rows and the context', async () => {
    const hardware = await parseHardware(read('h100-sxm'), 'h100-sxm');
    const left = 0.9 * hardware.specification.memoryCapacityBytes - target.weightBytes;
    expect(kvBytes(target, [], hardware, engine)).toBeCloseTo(left - 1024 * 128256 * 26 - 0.4e9, -2);
    expect(kvBytes({ ...target, weightBytes: 1e12 }, [], hardware, engine)).toBe(0);
  });

  it('keeps every token of a dense model, and of a draft beside it', () => {
    const perToken = target.kvBytesPerToken + eagle.kvBytesPerToken;
    expect(sequenceBytes(target, [eagle], 1e5, 3)).toEqual({ perToken, fixed: 0 });
  });

  it('keeps a window where sequences outgrow it', () => {
    const shape = forwardShape(modelCard('gpt-oss-20b'), { tp: 1, dtype: 'auto' });
    // 12 of 24 layers see 128 tokens; keys and values of 8 heads of 64 in bf16 are 2048 B.
    expect(sequenceBytes(shape, [], 129, 0)).toEqual({ perToken: 12 * 2048, fixed: 12 * 2048 * 128 });
    expect(sequenceBytes(shape, [], 128, 0)).toEqual({ perToken: 24 * 2048, fixed: 0 });
  });

  it('keeps a state a sequence, and one more for each draft', () => {
    const shape = forwardShape(modelCard('qwen3.5-397b-a17b'), { tp: 8, dtype: 'auto' });
    // 45 linear layers: 64 / 8 heads of 128 x 128 in fp32, and 3 rows of 2 x 16 / 8 x 128 + 64 / 8 x 128 in bf16.
    const state = 45 * (8 * 128 * 128 * 4 + 3 * (2 * 2 + 8) * 128 * 2);
    const { perToken, fixed } = sequenceBytes(shape, [], 1e4, 3);
    expect(fixed).toBe(4 * state);
    // 15 others: one of 2 key-value heads of 256 a GPU.
    expect(perToken).toBe(15 * 2 * 256 * 2);
    const stateOnly = { ...shape, reads: [], kvBytesPerToken: 0 };
    expect(sequenceBytes(stateOnly, [], 1000, 0)).toEqual({ perToken: state / 1000, fixed: 0 });
  });
});
