/** What a target that drafts for itself asks of a GPU, against the target's own pass. */
import { describe, expect, it } from 'vitest';
import { forwardPass } from '../../src/cost/forward-pass.ts';
import { Roofline } from '../../src/cost/roofline.ts';
import { noSeconds, StepWork, Verified } from '../../src/cost/work.ts';
import { UserError } from '../../src/errors.ts';
import { type SelfDraft, selfShape } from '../../src/model/self-draft.ts';
import { forwardShape } from '../../src/model/shape.ts';
import { folderLibrary } from '../../src/node/folder-library.ts';
import { gatherInputs } from '../../src/scenario/inputs.ts';
import { completeScenario } from '../../src/scenario/options.ts';
import { runScenario } from '../../src/scenario/run.ts';

const { target, hardware, engine } = await gatherInputs(
  completeScenario({ engine: 'ideal', method: ['none'] }),
  folderLibrary,
);
const LAYOUT = { tp: 1, dtype: 'bf16' } as const;

/** Seconds of a plain step, and of a pass that drafts, of so many sequences with so much context each. */
function seconds(self: SelfDraft, sequences: number, context: number) {
  const cost = new Roofline(
    forwardShape(target, LAYOUT),
    [selfShape(target, LAYOUT, self)],
    hardware,
    engine,
    1,
  );
  const price = noSeconds();
  const work = new StepWork(1, 1);
  work.addRounds(sequences, sequences * context, new Verified());
  cost.priceStep(work, price);
  const plain = price.verifyS;
  work.drafts[0]!.add(sequences, 1, context, 1);
  cost.priceStep(work, price);
  return { plain, draft: price.draftS };
}

describe('a pass of the target that drafts for itself', () => {
  it('costs a plain pass with all layers, the whole cache and the same format', () => {
    for (const self of [{}, { layers: 32 }, { kvTokens: 5001 }, { dtype: 'bf16' }] as const) {
      const { plain, draft } = seconds(self, 4, 5000);
      expect(draft).toBeCloseTo(plain, 12);
    }
  });

  it('never costs more with fewer layers, a shorter window or fewer bits', () => {
    const of = (selves: readonly SelfDraft[]) => selves.map((self) => seconds(self, 16, 8000).draft);
    for (const falling of [
      of([32, 24, 8, 1].map((layers) => ({ layers }))),
      of([8000, 2048, 512, 1].map((kvTokens) => ({ kvTokens }))),
      of([{ dtype: 'bf16' }, { dtype: 'fp8' }, { dtype: 'int4' }]),
    ]) {
      for (let i = 1; i < falling.length; i++) expect(falling[i]!).toBeLessThan(falling[i - 1]!);
    }
  });

  /**
   * Llama-3.1-8B keeps 32 layers x 8 heads x 128 x 2 (keys, values) x 2 bytes = 131,072 bytes a token, and of its 32
   * layers' 218,103,808 weights each int4 takes .515625 bytes.
   */
  it('takes memory for a copy of its weights alone', () => {
    const whole = selfShape(target, LAYOUT, { kvTokens: 512 });
    expect(whole.weightBytes).toBe(0);
    expect(whole.kvBytesPerToken).toBe(0);
    expect(whole.reads[0]).toMatchObject({ bytesPerToken: 131_072, window: 512 });
    expect(selfShape(target, LAYOUT, { dtype: 'int4' }).weightBytes).toBe(32 * 218_103_808 * 0.515625);
    expect(selfShape(target, LAYOUT, { layers: 8 }).reads[0]!.bytesPerToken).toBe(131_072 / 4);
  });

  it('says how many layers there are', () => {
    expect(() => selfShape(target, LAYOUT, { layers: 33 })).toThrow(
      new UserError('method self:layers33: llama-3.1-8b has 32 layers, expected at most that'),
    );
  });
});

describe('verification behind drafts of the first layers', () => {
  /** Of 4 tokens a sequence, 3 were drafted from: 16 of 32 layers run over the fourth alone. */
  const verifyS = (self: SelfDraft, sequences: number) => {
    const own = selfShape(target, LAYOUT, self);
    const cost = new Roofline(forwardShape(target, LAYOUT), [own], hardware, engine, 1);
    const work = new StepWork(1, 3);
    const verified = new Verified();
    verified.chain(3);
    work.addRounds(sequences, sequences * 1000, verified);
    work.drafts[0]!.add(sequences, 3, 1000, 1);
    const price = noSeconds();
    cost.priceStep(work, price);
    return price.verifyS;
  };

  it('is spared their FLOPs, not their bytes', () => {
    const pass = forwardPass(forwardShape(target, LAYOUT), hardware, 1, engine.kernels);
    const other = { dtype: 'fp8' } as const;
    for (const sequences of [1, 256]) {
      const layersS = (tokens: number) => pass.tokensS(tokens) / 2;
      const spared = layersS(4 * sequences) - layersS(sequences);
      const whole = verifyS(other, sequences);
      expect(whole - verifyS({ layers: 16 }, sequences)).toBeCloseTo(spared, 9);
      expect(spared / whole)[sequences === 1 ? 'toBeLessThan' : 'toBeGreaterThan'](
        sequences === 1 ? 0.01 : 0.2,
      );
    }
  });

  it('is never more than without, and the less the more layers drafted', () => {
    const of = [32, 16, 8, 1].map((layers) => verifyS({ layers }, 128));
    for (let i = 1; i < of.length; i++) expect(of[i]!).toBeGreaterThan(of[i - 1]!);
    expect(of.at(-1)!).toBeLessThanOrEqual(verifyS({ dtype: 'fp8' }, 128));
  });
});

it('gains the more of a window the larger the batch is, at 32k tokens of context', async () => {
  const inputs = await gatherInputs(
    completeScenario({
      tp: 8,
      method: ['self:kv512'],
      acceptance: { 'self:kv512': '0.81' },
      batch: [1, 4, 16, 64],
      promptLen: 32_000,
      outputLen: 100,
      requests: 1,
    }),
    folderLibrary,
  );
  const gains = runScenario(inputs).rows.map((row) => row.decode_speedup!);
  for (let i = 1; i < gains.length; i++) expect(gains[i]!).toBeGreaterThan(gains[i - 1]!);
  expect(gains[0]!).toBeLessThan(1);
  expect(gains.at(-1)!).toBeGreaterThan(1.5);
});
