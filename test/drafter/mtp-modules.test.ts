/** Modules that each draft one token further: what each reads, what they keep, and how many there are. */
import { describe, expect, it } from 'vitest';
import { noSeconds, PassWork, StepWork, Verified } from '../../src/cost/work.ts';
import { folderLibrary } from '../../src/node/folder-library.ts';
import { gatherInputs } from '../../src/scenario/inputs.ts';
import { completeScenario, type Options } from '../../src/scenario/options.ts';
import { Setups } from '../../src/scenario/setup.ts';

/** Three modules. */
const TARGET: Options = { target: 'minimax-m2.5', gpu: 'h200-sxm', tp: 8, requests: 2 };

async function setupOf(method: string, k: number, more: Options = {}) {
  const acceptance = { [method]: '0.8:0.7:0.6' };
  const options = { ...TARGET, method: [method], k: [k], acceptance, ...more };
  const inputs = await gatherInputs(completeScenario(options), folderLibrary);
  const setup = new Setups(inputs, inputs.traces[0]!, new Set()).of({ method: inputs.methods[0]!, k }, 1);
  return { ...setup, price: setup.priceOn(inputs) };
}

describe('mtp-modules', () => {
  it('runs every module over all that was emitted, on a KV cache of its own', async () => {
    const [one, two] = [await setupOf('mtp-modules', 1), await setupOf('mtp-modules', 2)];
    const draftS = ({ price }: typeof one, k: number, context: number, prompts = 0) => {
      const work = new StepWork(1, 3);
      const verified = new Verified();
      verified.chain(k);
      work.addRounds(16, 16 * 900, verified);
      work.drafts[0]!.add(16, k, context, 3);
      work.prefill.sequences = prompts === 0 ? 0 : 1;
      work.prefill.tokens = prompts;
      work.prefill.contextTokens = prompts;
      work.prefill.attentionPairs = (prompts * prompts) / 2;
      const cost = noSeconds();
      price.priceStep(work, cost);
      return cost.draftS;
    };
    // The second module sees one token more of each sequence.
    expect(draftS(two, 2, 900)).toBeCloseTo(draftS(one, 1, 900) + draftS(one, 1, 901), 12);
    const chunkS = draftS(one, 1, 900, 500) - draftS(one, 1, 900);
    expect(draftS(two, 2, 900, 500) - draftS(two, 2, 900)).toBeCloseTo(2 * chunkS, 6);

    const prompts = Object.assign(new PassWork(), { sequences: 2, tokens: 800, contextTokens: 800 });
    const prefillS = ({ price }: typeof one) => {
      const cost = noSeconds();
      price.pricePrefill(prompts, cost);
      return cost.draftS;
    };
    expect(prefillS(two)).toBeCloseTo(2 * prefillS(one), 12);
    expect(two.kvBlocks).toBeLessThan(one.kvBlocks);
  });

  it('is the one module that runs again where there is one token to draft, and goes no further than there are', async () => {
    const [again, own] = [await setupOf('mtp', 1), await setupOf('mtp-modules', 1)];
    expect(own.kvBlocks).toBe(again.kvBlocks);
    await expect(setupOf('mtp-modules', 4)).rejects.toThrow(
      'method mtp-modules: k 4, and the draft has 3 modules, one for each token; expected k of at most that',
    );
    await expect(setupOf('mtp-modules', 2, { target: 'glm-5' })).rejects.toThrow('has 1 module');
  });
});
