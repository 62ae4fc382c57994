/** Diffusion models as generators: passes by hand, and where decoding token by token overtakes them. */
import { describe, expect, it } from 'vitest';
import { StepWork } from '../../src/cost/work.ts';
import { Denoising, type Scheme } from '../../src/drafter/denoising.ts';
import type { UserError } from '../../src/errors.ts';
import { folderLibrary } from '../../src/node/folder-library.ts';
import { gatherInputs } from '../../src/scenario/inputs.ts';
import { completeScenario, type Options } from '../../src/scenario/options.ts';
import { runScenario } from '../../src/scenario/run.ts';

/** Passes over an output of 16 tokens behind a prompt of 30: queries, keys, commits, emitted. */
function passes(scheme: Scheme, tokens: number, refresh: number | null = null) {
  const lengths = { promptTokens: Int32Array.of(30), outputTokens: Int32Array.of(16) };
  const drafter = new Denoising(scheme, { block: 8, tokens, refresh, ...lengths });
  const rows: number[][] = [];
  for (let position = 1; position < 16; position += drafter.emitted) {
    const work = new StepWork(1, 100);
    drafter.round(0, position, 16 - position, 30 + position, work);
    const { queries, keys } = drafter.verified;
    rows.push([queries, keys, work.drafts[0]!.catchUpTokens, drafter.emitted]);
  }
  return rows;
}

describe('passes', () => {
  /** Prefill gave one token; blocks end at 8 and 16. 2.5 a pass: 1, 3, 6, 8, 11, 13, 16. */
  it('of a block read what is before it, and write it when it is done', () => {
    expect(passes('block', 2.5)).toEqual([
      [8, 7, 0, 2],
      [8, 5, 0, 3],
      [8, 2, 8, 2],
      [8, 8, 0, 3],
      [8, 5, 0, 2],
      [8, 3, 8, 3],
    ]);
  });

  /** 46 tokens of prompt and output, rounded up to 48; what is left of the output to 16. */
  it('of a cached scheme begin each block over everything', () => {
    expect(passes('dual-cache', 4).map(([queries]) => queries)).toEqual([48, 8, 48, 8]);
    expect(passes('full', 4).map(([queries]) => queries)).toEqual([48, 48, 48, 48]);
    expect(passes('prefix-cache', 4).map(([queries]) => queries)).toEqual([48, 16, 48, 16]);
  });

  /** Blocks begin at passes 0 and 4. */
  it('make a cache anew as often as is asked', () => {
    expect(passes('dual-cache', 2).map(([queries]) => queries)).toEqual([48, 8, 8, 8, 48, 8, 8, 8]);
    expect(passes('dual-cache', 2, 2).map(([queries]) => queries)).toEqual([48, 8, 48, 8, 48, 8, 48, 8]);
    expect(passes('block', 2, 2)).toEqual(passes('block', 2));
  });
});

const rowsOf = async (options: Options) =>
  runScenario(await gatherInputs(completeScenario({ requests: 2, ...options }), folderLibrary)).rows;

describe('against decoding token by token', () => {
  /**
   * A pass over b tokens of each sequence costs as a plain one while both load weights. From where b B tokens are bound by
   * compute, it costs in proportion: with tau tokens and b / tau passes and one to write the block, it is behind where
   * T(B, b) (1 + tau / b) = tau T(B, 1).
   */
  it('is overtaken where its tokens leave the memory-bound side, the later the more a pass finalises', async () => {
    const batch = [1, 2, 4, 8, 16, 32, 64, 128, 256];
    const overtaken = await Promise.all(
      ['1.5', '4', '16'].map(async (unmask) => {
        const rows = await rowsOf({
          engine: 'ideal',
          gpu: 'h200-sxm',
          method: ['diffusion:block'],
          unmask,
          batch,
          promptLen: 300,
          outputLen: 128,
        });
        for (const { speedup, tokens_per_round: tokens, batch_size: size } of rows) {
          if (size === 1) expect(speedup!).toBeGreaterThan((0.85 * tokens!) / (1 + tokens! / 32));
        }
        return rows.findIndex(({ speedup }) => speedup! < 1);
      }),
    );
    for (let i = 1; i < overtaken.length; i++) expect(overtaken[i]!).toBeGreaterThan(overtaken[i - 1]!);
    // 989 TFLOP/s over 4.8 TB/s: some 200 tokens are bound by compute, 7 sequences of 32.
    expect(batch[overtaken[0]!]!).toBeLessThanOrEqual(16);
  });

  it('orders a cache as published of LLaDA-8B: more for long prompts, more for long outputs', async () => {
    const ratios: number[] = [];
    for (const promptLen of [1000, 140]) {
      for (const outputLen of [256, 512]) {
        const [full, cached] = await rowsOf({
          gpu: 'a100-sxm-80',
          engine: 'hf-eager',
          target: 'llada-8b',
          method: ['diffusion:full', 'diffusion:prefix-cache'],
          unmask: '1',
          batch: [1],
          promptLen,
          outputLen,
        });
        ratios.push(cached!.throughput_tok_per_s / full!.throughput_tok_per_s);
      }
    }
    const [gsm256, gsm512, code256, code512] = ratios;
    expect(gsm512!).toBeGreaterThan(gsm256!);
    expect(gsm256!).toBeGreaterThan(code512!);
    expect(code512!).toBeGreaterThan(code256!);
    expect(code256!).toBeGreaterThan(1);
  });
});

describe('what cannot be', () => {
  const said = (options: Options) =>
    rowsOf({ batch: [1], ...options }).then(
      () => 'nothing',
      (error) => (error as UserError).message,
    );

  it.each<[Options, string]>([
    [
      { target: 'llada-8b', method: ['eagle3'] },
      'method eagle3: llada-8b is a diffusion model and writes no token at a time, expected diffusion:block, diffusion:dual-cache, diffusion:prefix-cache or diffusion:full',
    ],
    [
      { method: ['diffusion:block'] },
      '--unmask missing: diffusion:block finalises as many tokens a pass as its model is sure of, expected such as --unmask 2.8',
    ],
    [
      { method: ['diffusion:block'], unmask: '0.5' },
      '--unmask 0.5: expected from 1 to the 32 tokens of a block',
    ],
    [
      { method: ['diffusion:block'], unmask: 'threshold:0.95' },
      '--unmask threshold:0.95: published from 0.6 to 0.9, expected one of these',
    ],
    [
      { method: ['diffusion:block'], unmask: 'many' },
      '--unmask: got "many", expected tokens such as 2.8, or threshold:0.9',
    ],
    [
      { method: ['combined:diffusion:block+ngram'], unmask: '2' },
      'method diffusion:block drafts nothing, so that it is no part of another',
    ],
  ])('%j', async (options, message) => {
    expect(await said(options)).toBe(message);
  });
});

it('prompts whose tokens see all of each other take longer, as bidirectional models prefill', async () => {
  const seconds = async (options: Options) => {
    const [row] = await rowsOf({ promptLen: 20_000, outputLen: 64, unmask: '2', requests: 1, ...options });
    return 64 / row!.throughput_tok_per_s!;
  };
  const causal = await seconds({ method: ['diffusion:block'] });
  const both = await seconds({ method: ['diffusion:block'], prefill: 'bidirectional' });
  expect(both / causal).toBeGreaterThan(1.1);
  expect(both / causal).toBeLessThan(2);
});
