/** What each behaviour of an engine does to the price of a step, by hand. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { parseEngine } from '../../src/cost/engine-profile.ts';
import { Roofline } from '../../src/cost/roofline.ts';
import { noSeconds, StepWork, Verified } from '../../src/cost/work.ts';
import { parseHardware } from '../../src/hardware/load.ts';
import { forwardShape } from '../../src/model/shape.ts';
import { modelCard } from '../shipped-models.ts';

const read = (file: string): Record<string, unknown> =>
  JSON.parse(readFileSync(`hardware-profiles/${file}.json`, 'utf8'));
const h100 = await parseHardware(read('h100-sxm'), 'h100-sxm');
const vllm = read('engines/vllm-0.10');
const small = modelCard('qwen3-0.6b');

interface Step {
  readonly sequences: number;
  readonly k?: number;
  readonly tp?: number;
  readonly model?: ReturnType<typeof modelCard>;
  readonly prompt?: number;
}

/** The price of a step at 100 tokens of context; with k, the model drafts for itself. */
async function priced(change: object, { sequences, k = 0, tp = 1, model = small, prompt = 0 }: Step) {
  const engine = await parseEngine({ ...vllm, ...change }, 'x');
  const shape = forwardShape(model, { tp, dtype: 'bf16' });
  const work = new StepWork(1, 8);
  const verified = new Verified();
  verified.chain(k);
  work.addRounds(sequences, sequences * 100, verified);
  if (k > 0) work.drafts[0]!.add(sequences, k, 100, 1);
  if (prompt > 0) Object.assign(work.prefill, { sequences: 1, tokens: prompt, contextTokens: prompt });
  const cost = noSeconds();
  new Roofline(shape, [shape], h100, engine, tp).priceStep(work, cost);
  return cost;
}

it('a step in one graph has no host work a layer, unless a prompt is in it or no graph is that large', async () => {
  const layers = small.layers;
  const floor = layers * 66e-6;
  expect((await priced({}, { sequences: 1 })).verifyS).toBeGreaterThan(floor);
  expect((await priced({ fullGraphs: true }, { sequences: 1 })).verifyS).toBeLessThan(floor);
  const mixed = await priced({ fullGraphs: true }, { sequences: 1, prompt: 10 });
  expect(mixed.verifyS + mixed.prefillS).toBeGreaterThan(floor);
  const wide = { sequences: 513 };
  expect(await priced({ fullGraphs: true, layerHost: '1 ms' }, wide)).toEqual(
    await priced({ layerHost: '1 ms' }, wide),
  );
});

it('drafts in one graph are launched once', async () => {
  const step = { sequences: 2, k: 3 };
  const saved = (await priced({}, step)).draftS - (await priced({ draftsInOneGraph: true }, step)).draftS;
  expect(saved).toBeCloseTo(2 * 0.41e-3, 9);
});

it('a loop over the sequences that are drafted for costs a time for each', async () => {
  const step = { sequences: 5, k: 3 };
  const added = (await priced({ draftSequence: '20 us' }, step)).draftS - (await priced({}, step)).draftS;
  expect(added).toBeCloseTo(5 * 20e-6, 9);
});

it('graphs by sequences pad a step that verifies k drafts to whole sequences', async () => {
  const sizes = { graphSizes: [4, 8], graphSizesBy: 'sequences' };
  const five = await priced(sizes, { sequences: 5, k: 3 });
  const eight = await priced({ graphSizes: [32] }, { sequences: 5, k: 3 });
  expect(five.verifyS).toBe(eight.verifyS);
});

it('all-reduces of 8 MiB and more take the slower path', async () => {
  const model = modelCard('llama-3-70b');
  const change = { allReduceSwitch: { from: '8388608 B', extra: '10 us' } };
  const added = async (sequences: number) => {
    const step = { sequences, tp: 4, model };
    return (await priced(change, step)).verifyS - (await priced({}, step)).verifyS;
  };
  expect(await added(504)).toBe(0);
  expect(await added(512)).toBeCloseTo(2 * 80 * 10e-6, 9);
});

it('the host of plain steps may hide behind the GPU while that of speculative ones does not', async () => {
  const change = { asyncScheduling: true, asyncSpeculation: false };
  const step = { sequences: 1, model: modelCard('llama-3.1-8b') };
  expect((await priced(change, step)).overheadS).toBe(0);
  expect(await priced(change, { ...step, k: 3 })).toEqual(await priced({}, { ...step, k: 3 }));
});

it('a tree of more than 64 query rows a key reads the context twice, a chain once', async () => {
  // Two query heads a key: 32 tokens are 64 rows, 33 are 66.
  const shape = forwardShape(small, { tp: 1, dtype: 'bf16' });
  expect(shape.queriesPerKey).toBe(2);
  const engine = await parseEngine(vllm, 'x');
  const context = 1e6;
  const verifyS = (k: number, trees: number) => {
    const work = new StepWork(0, 40);
    const verified = new Verified();
    verified.chain(k);
    work.addRounds(1, context, verified);
    work.trees = trees;
    const cost = noSeconds();
    new Roofline(shape, [], h100, engine, 1).priceStep(work, cost);
    return cost.verifyS;
  };
  expect(verifyS(31, 1)).toBe(verifyS(31, 0));
  const kvBytes = (context + 33) * shape.reads.reduce((sum, { bytesPerToken }) => sum + bytesPerToken, 0);
  const { memoryBandwidthBytesPerS } = h100.specification;
  const onceS = kvBytes / (memoryBandwidthBytesPerS * h100.efficiency.attention.bandwidth);
  expect((verifyS(32, 1) - verifyS(32, 0)) / onceS).toBeCloseTo(1, 3);
});
