import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { DraftHead } from '../../src/model/architecture.ts';
import type { Gemm } from '../../src/model/layer.ts';
import { headCounts } from '../../src/model/mixers.ts';
import { type ForwardShape, forwardShape, headPass, headShape } from '../../src/model/shape.ts';
import { draftCard, headNames, modelCard, modelNames } from '../shipped-models.ts';

const llama = modelCard('llama-3.1-8b');
const deepseek = modelCard('deepseek-v3');

const sum = (gemms: readonly Gemm[], of: (gemm: Gemm) => number) =>
  gemms.reduce((total, gemm) => total + gemm.count * of(gemm), 0);
const flopsPerPair = ({ reads }: ForwardShape) => reads.reduce((sum, read) => sum + read.flopsPerPair, 0);
const bytes = (gemms: readonly Gemm[]) => sum(gemms, ({ n, k, bytesPerWeight }) => n * k * bytesPerWeight);
const named = (shape: ForwardShape, name: string) => shape.gemms.find((gemm) => gemm.name === name);

describe('Llama-3.1-8B by hand', () => {
  const shape = forwardShape(llama, { tp: 1, dtype: 'bf16' });

  test('16.06 GB of weights are resident, 15.01 GB of them read by a pass', () => {
    expect(shape.weightBytes / 1e9).toBeCloseTo(16.06, 2);
    expect(bytes([...shape.gemms, shape.lmHead]) / 1e9).toBeCloseTo(15.01, 2);
  });

  test('matrices', () => {
    const list = shape.gemms.map(({ name, n, k, count }) => [name, n, k, count]);
    expect(list).toEqual([
      ['qkv', 4096 + 2 * 1024, 4096, 32],
      ['o', 4096, 4096, 32],
      ['gate_up', 28672, 4096, 32],
      ['down', 4096, 14336, 32],
    ]);
    expect(shape.lmHead).toMatchObject({ n: 128256, k: 4096, count: 1 });
    expect(shape.experts).toBeNull();
  });

  test('KV cache, attention and activations', () => {
    expect(shape.kvBytesPerToken).toBe(131072);
    expect(flopsPerPair(shape)).toBe(32 * 4 * 32 * 128);
    expect(shape.activationBytesPerToken).toBe(2 * 32 * (8 * 4096 + 2 * (32 + 8) * 128 + 3 * 14336));
    expect(shape.reads).toMatchObject([{ window: null, most: null }]);
    expect(shape.allReduces).toBe(0);
  });

  test('on four GPUs', () => {
    const quarter = forwardShape(llama, { tp: 4, dtype: 'bf16' });
    expect(named(quarter, 'qkv')).toMatchObject({ n: 1024 + 2 * 256, k: 4096 });
    expect(named(quarter, 'down')).toMatchObject({ n: 4096, k: 3584 });
    expect(quarter.lmHead.n).toBe(32064);
    expect(quarter.kvBytesPerToken).toBe(131072 / 4);
    expect(quarter.allReduces).toBe(64);
    expect(quarter.allReduceBytesPerToken).toBe(8192);
    expect(quarter.weightBytes).toBe(shape.weightBytes / 4);
  });

  test('number formats: the output matrix and the embedding stay bf16', () => {
    const vocabularyBytes = 2 * 128256 * 4096 * 2;
    const linear = 32 * (6144 * 4096 + 4096 * 4096 + 3 * 14336 * 4096);
    const fp8 = forwardShape(llama, { tp: 1, dtype: 'fp8' });
    expect(fp8.weightBytes).toBe(linear + vocabularyBytes);
    expect(fp8.gemms.every(({ compute }) => compute === 'fp8')).toBe(true);
    expect(fp8.lmHead).toMatchObject({ bytesPerWeight: 2, compute: 'bf16' });
    const int4 = forwardShape(llama, { tp: 1, dtype: 'int4' });
    expect(int4.weightBytes).toBe(linear * 0.515625 + vocabularyBytes);
    expect(int4.gemms.every(({ compute }) => compute === 'bf16')).toBe(true);
  });
});

test('key-value heads are copied when there are more GPUs than heads', () => {
  const qwen = modelCard('qwen3-235b-a22b');
  const four = forwardShape(qwen, { tp: 4, dtype: 'bf16' });
  const eight = forwardShape(qwen, { tp: 8, dtype: 'bf16' });
  expect(eight.kvBytesPerToken).toBe(four.kvBytesPerToken);
  expect(named(eight, 'qkv')?.n).toBe((8 + 2) * 128);
});

test('a tied embedding is resident once', () => {
  const small = modelCard('llama-3.2-1b');
  const untied = { ...small, tiedEmbeddings: false };
  const extra =
    forwardShape(untied, { tp: 1, dtype: 'bf16' }).weightBytes -
    forwardShape(small, { tp: 1, dtype: 'bf16' }).weightBytes;
  expect(extra).toBe(128256 * 2048 * 2);
});

test('gpt-oss reads a window in half of its layers', () => {
  const shape = forwardShape(modelCard('gpt-oss-20b'), { tp: 1, dtype: 'bf16' });
  const [all, window] = shape.reads;
  expect(all).toEqual({ ...window, window: null });
  expect(window).toMatchObject({ window: 128, bytesPerToken: 12 * 2 * 8 * 64 * 2 });
});

describe('DeepSeek-V3 by hand', () => {
  const shape = forwardShape(deepseek, { tp: 8, dtype: 'fp8' });

  test('latent attention, weight-absorbed', () => {
    const whole = forwardShape(deepseek, { tp: 1, dtype: 'bf16' });
    const perLayer = (name: string) => named(whole, name)!.n * named(whole, name)!.k;
    expect(perLayer('qkv_a')).toBe(7168 * (1536 + 512 + 64));
    expect(perLayer('q_b')).toBe(1536 * 128 * (128 + 64));
    expect(perLayer('k_up') + perLayer('v_up')).toBe(512 * 128 * (128 + 128));
    expect(perLayer('o')).toBe(128 * 128 * 7168);
    expect(flopsPerPair(whole)).toBe(61 * 2 * 128 * (2 * 512 + 64));
    expect(whole.activationBytesPerToken).toBe(
      2 *
        (61 * (8 * 7168 + 2 * (129 * 64 + 1536 + 512) + 127 * (128 + 512)) + 3 * (3 * 18432 + 58 * 9 * 2048)),
    );
  });

  test('every GPU keeps the latent cache and projections whole, and a share of the heads', () => {
    expect(shape.kvBytesPerToken).toBe(61 * (512 + 64) * 2);
    expect(flopsPerPair(shape)).toBe((61 * 2 * 128 * (2 * 512 + 64)) / 8);
    expect(named(shape, 'qkv_a')?.n).toBe(1536 + 512 + 64);
    expect(named(shape, 'q_b')?.n).toBe((128 / 8) * 192);
    expect(named(shape, 'o')?.k).toBe((128 / 8) * 128);
  });

  test('experts: routed in 58 layers, one always on, the router in bf16', () => {
    expect(shape.experts).toMatchObject({ layers: 58, count: 256, perToken: 8 });
    expect(shape.experts?.gemms).toMatchObject([
      { name: 'expert_gate_up', n: 2 * 256, k: 7168, count: 1, bytesPerWeight: 1 },
      { name: 'expert_down', n: 7168, k: 256, count: 1, bytesPerWeight: 1 },
    ]);
    expect(named(shape, 'shared_gate_up')).toMatchObject({ n: 512, k: 7168, count: 58 });
    expect(named(shape, 'gate_up')).toMatchObject({ n: (2 * 18432) / 8, count: 3 });
    expect(named(shape, 'router')).toMatchObject({ n: 256, k: 7168, count: 58, compute: 'bf16' });
  });

  test('launches more products than a dense model does', () => {
    // A layer: five of attention; a router and two of the shared expert in 58, two of the dense block in 3.
    expect(shape.furtherProducts).toBe(5 * 61 + 3 * 58 + 2 * 3 - 4 * 61);
    expect(forwardShape(llama, { tp: 1, dtype: 'bf16' }).furtherProducts).toBe(0);
  });

  test('a model that projects queries directly has one query matrix', () => {
    const [mixer] = deepseek.mixers;
    const direct = { ...deepseek, mixers: [{ ...mixer, queryRank: 0 }] } as typeof deepseek;
    const gemms = forwardShape(direct, { tp: 1, dtype: 'bf16' }).gemms.map(({ name }) => name);
    expect(gemms.slice(0, 2)).toEqual(['qkv_a', 'k_up']);
  });
});

describe('draft heads', () => {
  const eagle3 = draftCard('eagle3-llama-3.1-8b') as DraftHead;
  const eagle = draftCard('eagle-llama-3.1-8b') as DraftHead;

  test('EAGLE-3 fuses once a round and has an output matrix of its own', () => {
    const shape = headShape(eagle3, llama, { tp: 2 });
    expect(shape.firstPassGemms).toMatchObject([{ name: 'fusion', n: 4096, k: 12288, count: 1 }]);
    expect(named(shape, 'qkv')).toMatchObject({ n: 2048 + 2 * 512, k: 8192, count: 1 });
    expect(shape.lmHead).toMatchObject({ n: 16000, k: 4096 });
    expect(shape.allReduces).toBe(2);
    expect(shape.kvBytesPerToken).toBe(2048);
  });

  test('EAGLE fuses in every pass and borrows the output matrix', () => {
    const shape = headShape(eagle, llama, { tp: 1 });
    expect(shape.firstPassGemms).toEqual([]);
    expect(shape.gemms[0]).toMatchObject({ name: 'fusion', n: 4096, k: 8192 });
    expect(shape.lmHead.n).toBe(128256);
    expect(shape.weightBytes).toBe(bytes(shape.gemms));
  });

  test('DFlash runs over its block; of the context it makes keys and values alone, with the weights of its layers', () => {
    const head = draftCard('dflash-qwen3-8b') as DraftHead;
    const shape = headShape(head, modelCard('qwen3-8b'), { tp: 2 });
    expect(shape.block).toBe(true);
    expect(shape.firstPassGemms).toMatchObject([
      { name: 'fusion', n: 4096, k: 5 * 4096, count: 1 },
      { name: 'context_kv', n: 5 * 2 * 4 * 128, k: 4096, count: 1 },
    ]);
    expect(named(shape, 'qkv')).toMatchObject({ n: (16 + 2 * 4) * 128, k: 4096, count: 5 });
    expect(shape.lmHead.n).toBe(151936 / 2);
    expect(shape.kvBytesPerToken).toBe(5 * 2 * 4 * 128 * 2);
    expect(shape.weightBytes).toBe(bytes(shape.gemms) + bytes([shape.firstPassGemms[0]!]));
  });

  test('a head that is narrower than its target runs if it fuses to its own width, with an embedding of its own', () => {
    const target = modelCard('llama-3.1-70b');
    const narrow = {
      ...eagle3,
      hidden: 6144,
      attentionInput: 2 * 6144,
      fusion: { input: 3 * 8192, firstPassOnly: true },
    };
    const own = headShape(narrow, target, { tp: 4 });
    expect(own.firstPassGemms[0]).toMatchObject({ name: 'fusion', n: 6144, k: 3 * 8192 });
    const alone = headPass(narrow, { tp: 4 });
    expect(own.weightBytes - alone.weightBytes).toBe((128256 / 4) * 6144 * 2);
    expect(() => headShape({ ...narrow, hidden: 8192 + 1024 }, target, { tp: 4 })).toThrow('hidden is 9216');
  });

  test('a head that does not fit its target is refused', () => {
    expect(() => headShape(eagle3, modelCard('llama-3.1-70b'), { tp: 1 })).toThrow(
      'draft head eagle3-llama-3.1-8b (trained for llama-3.1-8b) does not fit llama-3.1-70b: hidden is 4096, expected 8192',
    );
    expect(() => headShape(eagle, modelCard('qwen3-8b'), { tp: 1 })).toThrow(
      'vocab is 128256, expected 151936',
    );
  });
});

test('a split that the heads do not allow is refused', () => {
  const on = (model: string, tp: number) => () => forwardShape(modelCard(model), { tp, dtype: 'bf16' });
  expect(on('qwen2-57b-a14b', 8)).toThrow(
    'tp 8: qwen2-57b-a14b has 28 query and 4 key-value heads, so expected tp to be one of 1, 2, 4, 28',
  );
  expect(on('deepseek-v3', 3)).toThrow('tp 3: deepseek-v3 has 128 heads');
  expect(on('llama-3.1-8b', 0)).toThrow('tp 0');
  expect(on('llama-3.1-8b', 1.5)).toThrow('tp 1.5');
  const head = draftCard('eagle3-deepseek-v3') as DraftHead;
  expect(() => headShape(head, deepseek, { tp: 16 })).toThrow('tp 16: eagle3-deepseek-v3 has 56 query');
});

describe('laws', () => {
  const DTYPES = ['bf16', 'fp8', 'int4'] as const;
  const divides = (name: string, tp: number) =>
    draftCard(name).mixers.every((mixer) => headCounts(mixer).heads % tp === 0);
  const anyModel = fc.constantFrom(...modelNames());
  const anyTp = fc.constantFrom(1, 2, 4, 8);
  const anyDtype = fc.constantFrom(...DTYPES);

  const readBytes = ({ gemms, firstPassGemms, lmHead, experts }: ForwardShape) =>
    bytes([...gemms, ...firstPassGemms, lmHead]) +
    (experts ? experts.layers * experts.count * bytes(experts.gemms) : 0);
  const flops = ({ gemms, lmHead, experts }: ForwardShape) =>
    sum([...gemms, lmHead], ({ n, k }) => n * k) +
    (experts ? experts.layers * experts.perToken * sum(experts.gemms, ({ n, k }) => n * k) : 0);

  /** Every quantity that splitting over GPUs shares out or copies, but never loses. */
  const quantities: ((shape: ForwardShape) => number)[] = [
    readBytes,
    flops,
    (shape) => shape.weightBytes,
    (shape) => shape.kvBytesPerToken,
    flopsPerPair,
    (shape) => shape.activationBytesPerToken,
  ];

  function sharedOut(whole: ForwardShape, part: ForwardShape, tp: number, splits = true): void {
    for (const quantity of quantities) {
      expect(quantity(part) * tp).toBeGreaterThanOrEqual(quantity(whole) * (1 - 1e-12));
      expect(quantity(part)).toBeLessThanOrEqual(quantity(whole));
    }
    expect(part.allReduces).toBe(tp === 1 || !splits ? 0 : 2 * part.layers);
  }

  test('GPUs share a model out and lose nothing of it', () => {
    fc.assert(
      fc.property(anyModel, anyTp, anyDtype, (name, tp, dtype) => {
        fc.pre(divides(name, tp));
        const model = modelCard(name);
        sharedOut(forwardShape(model, { tp: 1, dtype }), forwardShape(model, { tp, dtype }), tp);
      }),
    );
  });

  test('GPUs share a draft head out and lose nothing of it', () => {
    fc.assert(
      fc.property(fc.constantFrom(...headNames()), anyTp, (name, tp) => {
        fc.pre(divides(name, tp));
        const head = draftCard(name) as DraftHead;
        const target = modelCard(head.target);
        // Heads without layers keep their products whole on every GPU.
        const splits = head.layers > 0;
        sharedOut(headShape(head, target, { tp: 1 }), headShape(head, target, { tp }), tp, splits);
      }),
    );
  });

  test('a smaller number format takes less memory and the same FLOPs', () => {
    fc.assert(
      fc.property(anyModel, anyTp, (name, tp) => {
        fc.pre(divides(name, tp));
        const [bf16, fp8, int4] = DTYPES.map((dtype) => forwardShape(modelCard(name), { tp, dtype }));
        expect(bf16!.weightBytes).toBeGreaterThan(fp8!.weightBytes);
        expect(fp8!.weightBytes).toBeGreaterThan(int4!.weightBytes);
        expect(flops(int4!)).toBe(flops(bf16!));
        expect(int4!.kvBytesPerToken).toBe(bf16!.kvBytesPerToken);
      }),
    );
  });

  test('what a pass may read is resident, except a borrowed output matrix and the embedding', () => {
    for (const name of modelNames()) {
      const model = modelCard(name);
      const shape = forwardShape(model, { tp: 1, dtype: 'bf16' });
      const embedding = model.tiedEmbeddings ? 0 : 2 * model.vocab * model.hidden;
      expect(shape.weightBytes).toBe(readBytes(shape) + embedding);
    }
    for (const name of headNames()) {
      const head = draftCard(name) as DraftHead;
      const shape = headShape(head, modelCard(head.target), { tp: 1 });
      const borrowed = head.sharesOutputMatrix ? bytes([shape.lmHead]) : 0;
      // The weights that make keys and values of a block drafter's context are part of its layers'.
      const twice = bytes(shape.firstPassGemms.filter(({ name }) => name === 'context_kv'));
      expect(shape.weightBytes).toBe(readBytes(shape) + bytes(shape.sequential ?? []) - borrowed - twice);
    }
  });

  test('more layers, and more of everything that goes with them', () => {
    fc.assert(
      fc.property(anyModel, fc.integer({ min: 1, max: 8 }), (name, extra) => {
        const model = modelCard(name);
        const taller = {
          ...model,
          mixers: model.mixers.map((one) => ({ ...one, layers: one.layers + extra })),
          feedForwards: model.feedForwards.map((one) => ({ ...one, layers: one.layers + extra })),
        };
        const options = { tp: 1, dtype: 'bf16' } as const;
        for (const quantity of quantities) {
          expect(quantity(forwardShape(taller, options))).toBeGreaterThan(
            quantity(forwardShape(model, options)),
          );
        }
      }),
    );
  });
});
