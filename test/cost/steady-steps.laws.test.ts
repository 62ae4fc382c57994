/** Steps that are priced from what is kept of them cost what any step does, to the last bit. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { it } from 'vitest';
import { Roofline } from '../../src/cost/roofline.ts';
import { type DraftWork, noSeconds, StepWork, Verified } from '../../src/cost/work.ts';
import { forwardShape, headShape } from '../../src/model/shape.ts';
import { folderLibrary } from '../../src/node/folder-library.ts';
import { gatherInputs } from '../../src/scenario/inputs.ts';
import { completeScenario } from '../../src/scenario/options.ts';
import { draftCard, modelCard } from '../shipped-models.ts';

const MAX_K = 7;
const machines = await Promise.all(
  [
    { engine: 'vllm-0.10' },
    { engine: 'vllm-0.19', gpu: 'b200-sxm' },
    { engine: 'sglang-0.5' },
    { engine: 'hf-eager' },
    { engine: 'ideal' },
  ].map((options) => gatherInputs(completeScenario({ requests: 8, ...options }), folderLibrary)),
);
const dense = modelCard('llama-3.1-8b');
const eagle3 = draftCard('eagle3-llama-3.1-8b');
assert(eagle3.kind !== 'transformer');
const targets = ['llama-3.1-8b', 'gpt-oss-20b', 'qwen3.5-397b-a17b', 'qwen3-30b-a3b'].map((name) =>
  forwardShape(modelCard(name), { tp: 1, dtype: 'bf16' }),
);
const drafts = [
  headShape(eagle3, dense, { tp: 1 }),
  forwardShape(modelCard('llama-3.2-1b'), { tp: 1, dtype: 'bf16' }),
  targets[1]!,
  null,
];

const anyStep = fc.record({
  machine: fc.nat(machines.length - 1),
  target: fc.nat(targets.length - 1),
  draft: fc.nat(drafts.length - 1),
  steps: fc.array(
    fc.record({
      sequences: fc.integer({ min: 1, max: 400 }),
      k: fc.integer({ min: 1, max: MAX_K }),
      context: fc.integer({ min: 1, max: 40_000 }),
      caughtUp: fc.integer({ min: 1, max: MAX_K }),
      /** Of a prompt's chunk beside; 0: none. */
      prompt: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 9000 })),
    }),
    { minLength: 1, maxLength: 8 },
  ),
});

it('is the price of any step', () => {
  fc.assert(
    fc.property(anyStep, ({ steps, ...drawn }) => {
      const { hardware, engine } = machines[drawn.machine]!;
      const target = targets[drawn.target]!;
      const draft = drafts[drawn.draft]!;
      const models = draft === null ? [] : [draft];
      const cost = new Roofline(target, models, hardware, engine, 1);
      // A draft model that nobody drafts with costs nothing, and a chain is a tree with one branch: both are priced as any step.
      const idle = { ...targets[0]!, lastTokenOnly: true as const };
      const reference = draft === null ? new Roofline(target, [idle], hardware, engine, 1) : cost;
      for (const { sequences, k, context, caughtUp, prompt } of steps) {
        const price = (of: Roofline, state: (draft: DraftWork) => void, draftModels: number) => {
          const work = new StepWork(draftModels, MAX_K);
          const verified = new Verified();
          verified.chain(draft === null ? 0 : k);
          work.addRounds(sequences, sequences * context, verified);
          for (const one of work.drafts) state(one);
          Object.assign(work.prefill, {
            sequences: Math.min(prompt, 1),
            tokens: prompt,
            contextTokens: prompt + 7,
            attentionPairs: prompt ** 2,
            logitRows: Math.min(prompt, 1),
          });
          const seconds = noSeconds();
          of.priceStep(work, seconds);
          return seconds;
        };
        const chain = (one: DraftWork) => one.addAll(sequences, k, sequences * context, sequences * caughtUp);
        const steady = price(cost, chain, models.length);
        const any = price(
          reference,
          (one) => {
            if (draft === null) return;
            chain(one);
            one.widths = new Float64Array(k).fill(1);
          },
          1,
        );
        assert.deepEqual(steady, any);
      }
    }),
    { numRuns: 400 },
  );
});
