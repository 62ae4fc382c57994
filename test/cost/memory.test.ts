/** What is left for the KV cache, by hand and against two counts that vLLM logged. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseEngine } from '../../src/cost/engine-profile.ts';
import { kvBytes } from '../../src/cost/memory.ts';
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

  it('is what the share leaves beside weights, the sampler of 1024 rows and the context', async () => {
    const hardware = await parseHardware(read('h100-sxm'), 'h100-sxm');
    const left = 0.9 * hardware.specification.memoryCapacityBytes - target.weightBytes;
    expect(kvBytes(target, [], hardware, engine)).toBeCloseTo(left - 1024 * 128256 * 26 - 0.4e9, -2);
    expect(kvBytes({ ...target, weightBytes: 1e12 }, [], hardware, engine)).toBe(0);
  });
});
