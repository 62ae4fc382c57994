/** Drafters that draft all k tokens in one pass, of a model of their own or of the target. */
import { describe, expect, it } from 'vitest';
import { StepWork, Verified } from '../../src/cost/work.ts';
import { assembleDrafter } from '../../src/drafter/assemble.ts';
import { parseMethod } from '../../src/drafter/methods.ts';
import { AS_RECORDED } from '../../src/drafter/replay.ts';
import { folderLibrary } from '../../src/node/folder-library.ts';
import { gatherInputs } from '../../src/scenario/inputs.ts';
import { completeScenario, type Options } from '../../src/scenario/options.ts';
import { runScenario } from '../../src/scenario/run.ts';
import type { PositionLengths } from '../../src/trace/trace.ts';

/** One output of 9 tokens, of which rounds accept 2, 0, 1, ... drafts. */
const LENGTHS: PositionLengths = {
  maxK: 16,
  offsets: Int32Array.of(0, 9),
  emitted: Uint8Array.of(1, 3, 1, 1, 2, 1, 3, 2, 1),
  proposed: 'always',
  kind: 'recording',
};

function firstRounds(name: string, k: number) {
  const drafter = assembleDrafter(parseMethod(name), k, [LENGTHS], AS_RECORDED);
  return [1, 4].map((position) => {
    const work = new StepWork(1, k);
    drafter.round(0, position, 9 - position, 100 + position, work);
    const { longest, catchUpTokens, widths } = work.drafts[0]!;
    return { ...drafter.verified, longest, tokens: catchUpTokens, widths: widths && [...widths] };
  });
}

describe('blanks', () => {
  /** The last token, then, behind a round that emitted 3, these 3, of which it read none as its own drafts. */
  it.each(['p-eagle', 'pard'])('%s reads what was emitted', (name) => {
    const [first, second] = firstRounds(name, 4);
    expect(first).toMatchObject({ drafted: 4, queries: 5, longest: 4, tokens: 1 });
    expect(second).toMatchObject({ longest: 4, tokens: 3 });
  });
});

describe('in the pass of the target', () => {
  /** arXiv 2511.08923: b (b + 1) query tokens; arXiv 2402.02057: 1 + 15 x 4 + 15 x 4 with n-grams of 5. */
  it.each([
    ['tidar', 4, 20],
    ['tidar', 8, 72],
    ['tidar', 16, 272],
    ['lookahead', 4, 121],
  ])('%s at k %i runs over %i tokens, and nothing else', (name, k, queries) => {
    const [round] = firstRounds(name, k);
    expect(round).toMatchObject({ drafted: k, queries, longest: 0 });
    const most = new Verified();
    most.chain(k);
    expect(round!.pairs).toBeGreaterThan(most.pairs);
  });
});

const speedups = async (options: Options) =>
  runScenario(
    await gatherInputs(completeScenario({ requests: 3, batch: [1], k: [6], ...options }), folderLibrary),
  ).rows.map((row) => row.speedup!);

describe('against k passes', () => {
  it('one pass is faster at equal acceptance, and the smaller the batch the more so', async () => {
    const options = {
      draft: 'llama-3.2-1b',
      method: ['draft-model', 'pard'],
      acceptance: { 'draft-model': '0.7', pard: '0.7' },
      batch: [1, 64],
    };
    const [chain, chain64, one, one64] = await speedups(options);
    expect(one! / chain!).toBeGreaterThan(1.5);
    expect(one64! / chain64!).toBeLessThan(one! / chain!);
  });

  it('a small head behind a block costs something', async () => {
    const [dspark, dflash] = await speedups({
      target: 'qwen3-8b',
      trace: ['llama-3.1-8b/gsm8k'],
      method: ['dspark', 'dflash'],
      acceptance: { dspark: '0.7', dflash: '0.7' },
    });
    expect(dspark!).toBeLessThan(dflash!);
    expect(dspark!).toBeGreaterThan(0.8 * dflash!);
  });

  it("the target's own drafts die with the batch", async () => {
    const [alone, many] = await speedups({
      method: ['tidar'],
      k: [8],
      acceptance: { tidar: '5.49@8' },
      batch: [1, 64],
    });
    expect(alone!).toBeGreaterThan(3);
    expect(many!).toBeLessThan(1);
  });
});
