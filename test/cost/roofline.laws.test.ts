/**
 * Laws that every price obeys: all shipped GPUs, all models and heads that fit one GPU's shape, any batch. The millions
 * of comparisons are `assert`'s: `expect` takes twenty times as long as what it would check.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type EngineProfile, parseEngine } from '../../src/cost/engine-profile.ts';
import { ForwardPass } from '../../src/cost/forward-pass.ts';
import { Roofline } from '../../src/cost/roofline.ts';
import { noSeconds, PassWork, StepWork, Verified } from '../../src/cost/work.ts';
import { parseHardware } from '../../src/hardware/load.ts';
import type { HardwareProfile } from '../../src/hardware/profile.ts';
import { type ForwardShape, forwardShape, headShape } from '../../src/model/shape.ts';
import { draftCard, headNames, modelCard, modelNames } from '../shipped-models.ts';

const folder = fileURLToPath(new URL('../../hardware-profiles/', import.meta.url));
const readJson = (file: string): unknown => JSON.parse(readFileSync(folder + file, 'utf8'));
const gpus = await Promise.all(
  readdirSync(folder)
    .filter((file) => file.endsWith('.json') && file !== 'schema.json')
    .map((file) => parseHardware(readJson(file), file)),
);
const vllm = await parseEngine(readJson('engines/vllm-0.10.json'), 'vllm-0.10');

const shapes: readonly ForwardShape[] = [
  ...modelNames().flatMap((name) =>
    (['bf16', 'fp8'] as const).map((dtype) => forwardShape(modelCard(name), { tp: 1, dtype })),
  ),
  ...headNames().map((name) => {
    const head = draftCard(name);
    if (head.kind === 'transformer') throw new Error(`${name} is not a head`);
    return headShape(head, modelCard(head.target), { tp: 1 });
  }),
];

/** A step in which `sequences` sequences of `context` tokens each draft and verify k tokens. */
interface Batch {
  readonly sequences: number;
  readonly k: number;
  readonly context: number;
}

const MAX_K = 20;
const anyBatch: fc.Arbitrary<Batch> = fc.record({
  sequences: fc.integer({ min: 1, max: 600 }),
  k: fc.integer({ min: 0, max: MAX_K - 1 }),
  context: fc.integer({ min: 1, max: 60_000 }),
});

/** Where `prices` has the verification. */
const VERIFY = 1;

/**
 * The parts of a step and of the prefill before it, in seconds: kept apart, since one must not hide another.
 * The model drafts for itself, so that every kind of price is in.
 */
function prices(
  hardware: HardwareProfile,
  shape: ForwardShape,
  { sequences, k, context }: Batch,
  engine: EngineProfile = vllm,
): readonly number[] {
  const work = new StepWork(1, MAX_K);
  work.searches = sequences;
  const verified = new Verified();
  verified.chain(k);
  work.addRounds(sequences, sequences * context, verified);
  if (k > 0) work.drafts[0]!.add(sequences, k, context, 2);
  const prompts = new PassWork();
  prompts.sequences = sequences;
  prompts.tokens = sequences * context;
  prompts.contextTokens = prompts.tokens;
  prompts.attentionPairs = (prompts.tokens * (context + 1)) / 2;
  prompts.logitRows = sequences;
  const model = new Roofline(shape, [shape], hardware, engine, 1);
  const step = noSeconds();
  const prefill = noSeconds();
  model.priceStep(work, step);
  model.pricePrefill(prompts, prefill);
  const parts = [step, prefill].flatMap((of) => [
    of.draftS,
    of.verifyS,
    of.samplingS,
    of.overheadS,
    of.prefillS,
  ]);
  for (const part of parts) {
    if (!(part >= 0 && part < Number.POSITIVE_INFINITY)) assert.fail(`a part is ${part}`);
  }
  for (const needed of [step.verifyS, step.samplingS, step.overheadS, prefill.prefillS]) assert(needed > 0);
  // What drafts from the last token alone reads no prompt.
  if (shape.lastTokenOnly) assert.equal(prefill.draftS, 0);
  else assert(prefill.draftS > 0);
  return parts;
}

/** Checks a law on every pair of GPU and shape; a counterexample names its pair. */
function everywhere<T>(
  any: fc.Arbitrary<T>,
  law: (gpu: HardwareProfile, shape: ForwardShape, drawn: T) => void,
): void {
  for (const gpu of gpus) {
    for (const shape of shapes) {
      const names = fc.constant(`${shape.name} on ${gpu.name}`);
      fc.assert(
        fc.property(names, any, (_, drawn) => law(gpu, shape, drawn)),
        { numRuns: 1 },
      );
    }
  }
}

/** Part by part and rounding aside, `less` is at most `more`. */
function expectAtMost(less: readonly number[], more: readonly number[]): void {
  assert.equal(less.length, more.length);
  for (const [i, part] of less.entries()) {
    if (!(part <= more[i]! * (1 + 1e-12))) assert.fail(`part ${i}: ${part} is above ${more[i]}`);
  }
}

/** A profile whose numbers may be changed; efficiencies above 1 are allowed, prices need no ceiling. */
type Mutable<T> = { -readonly [K in keyof T]: T[K] extends object ? Mutable<T[K]> : T[K] };

type Change<Profile> = (profile: Mutable<Profile>, factor: number) => void;

const rates: Readonly<Record<string, Change<HardwareProfile>>> = {
  bandwidth: ({ specification: s }, f) => (s.memoryBandwidthBytesPerS *= f),
  bf16: ({ specification: s }, f) => (s.denseFlopsPerS.bf16 *= f),
  fp8: ({ specification: s }, f) => {
    if (s.denseFlopsPerS.fp8 !== undefined) s.denseFlopsPerS.fp8 *= f;
  },
  'bf16 bandwidth share': ({ efficiency: e }, f) => (e.gemm.bf16.bandwidth *= f),
  'bf16 FLOPS share': ({ efficiency: e }, f) => (e.gemm.bf16.flops *= f),
  'bf16 corner': ({ efficiency: e }, f) => (e.gemm.bf16.corner *= f),
  'fp8 bandwidth share': ({ efficiency: e }, f) => (e.gemm.fp8.bandwidth *= f),
  'fp8 FLOPS share': ({ efficiency: e }, f) => (e.gemm.fp8.flops *= f),
  'fp8 corner': ({ efficiency: e }, f) => (e.gemm.fp8.corner *= f),
  'attention bandwidth share': ({ efficiency: e }, f) => (e.attention.bandwidth *= f),
  'attention FLOPS share': ({ efficiency: e }, f) => (e.attention.flops *= f),
};

const times: Readonly<Record<string, Change<EngineProfile>>> = {
  'layer launch': (e, f) => (e.layerLaunchS *= f),
  'layer host': (e, f) => (e.layerHostS *= f),
  'draft pass launch': (e, f) => (e.draftPassLaunchS *= f),
  'step overhead': (e, f) => (e.stepOverhead.fixedS *= f),
  'sequence overhead': (e, f) => (e.stepOverhead.eachS *= f),
  'speculation overhead': (e, f) => (e.speculationOverhead.fixedS *= f),
  'drafted token overhead': (e, f) => (e.speculationOverhead.eachS *= f),
  search: (e, f) => (e.search.fixedS *= f),
  'sequence search': (e, f) => (e.search.eachS *= f),
  'plain sampling': (e, f) => (e.plainSampling.fixedS *= f),
  'rejection sampling': (e, f) => (e.rejectionSampling.fixedS *= f),
};

/** A copy of what the changes change. */
function changeable(gpu: HardwareProfile): Mutable<HardwareProfile> {
  const { specification, efficiency } = gpu;
  return { ...gpu, ...structuredClone({ specification, efficiency }) } as Mutable<HardwareProfile>;
}

function changeableEngine(): Mutable<EngineProfile> {
  const { stepOverhead, speculationOverhead, search, plainSampling, rejectionSampling } = vllm;
  const parts = { stepOverhead, speculationOverhead, search, plainSampling, rejectionSampling };
  return { ...vllm, ...structuredClone(parts) } as Mutable<EngineProfile>;
}

/** Only what is changed is copied: what a GPU's passes cost is known for it, and found anew for a copy. */
function pricesAfter(
  parameter: string,
  factor: number,
  gpu: HardwareProfile,
  shape: ForwardShape,
  batch: Batch,
): readonly number[] {
  if (Object.hasOwn(rates, parameter)) {
    const hardware = changeable(gpu);
    rates[parameter]!(hardware, factor);
    return prices(hardware, shape, batch);
  }
  const engine = changeableEngine();
  times[parameter]!(engine, factor);
  return prices(gpu, shape, batch, engine);
}

const anyIncrease = (parameters: object) =>
  fc.record({
    batch: anyBatch,
    parameter: fc.constantFrom(...Object.keys(parameters)),
    factor: fc.double({ min: 1.01, max: 10, noNaN: true }),
  });

it('covers what ships', () => {
  expect(gpus.length).toBeGreaterThanOrEqual(20);
  expect(shapes.length).toBeGreaterThanOrEqual(30);
});

it('a faster GPU never slows anything: bandwidth, FLOPS, or any share of them', () => {
  everywhere(anyIncrease(rates), (gpu, shape, { batch, parameter, factor }) => {
    expectAtMost(pricesAfter(parameter, factor, gpu, shape, batch), prices(gpu, shape, batch));
  });
});

it('a slower engine never speeds anything up', () => {
  everywhere(anyIncrease(times), (gpu, shape, { batch, parameter, factor }) => {
    expectAtMost(prices(gpu, shape, batch), pricesAfter(parameter, factor, gpu, shape, batch));
  });
});

it('a change of 10 % in a parameter changes no price by more than 20 %', () => {
  const parameters = { ...rates, ...times };
  const any = fc.record({
    batch: anyBatch,
    parameter: fc.constantFrom(...Object.keys(parameters)),
    factor: fc.constantFrom(0.9, 1.1),
  });
  everywhere(any, (gpu, shape, { batch, parameter, factor }) => {
    const before = prices(gpu, shape, batch);
    const after = pricesAfter(parameter, factor, gpu, shape, batch);
    expectAtMost(
      after,
      before.map((part) => 1.2 * part),
    );
    expectAtMost(
      before.map((part) => 0.8 * part),
      after,
    );
  });
});

it('longer context is never faster', () => {
  const any = fc.record({ batch: anyBatch, longer: fc.integer({ min: 1, max: 60_000 }) });
  everywhere(any, (gpu, shape, { batch, longer }) => {
    const context = batch.context + longer;
    expectAtMost(prices(gpu, shape, batch), prices(gpu, shape, { ...batch, context }));
  });
});

it('more sequences and more drafts are never cheaper', () => {
  const any = fc.record({ batch: anyBatch, more: fc.integer({ min: 1, max: 100 }) });
  everywhere(any, (gpu, shape, { batch, more }) => {
    const before = prices(gpu, shape, batch);
    expectAtMost(before, prices(gpu, shape, { ...batch, sequences: batch.sequences + more }));
    expectAtMost(before, prices(gpu, shape, { ...batch, k: batch.k + 1 }));
  });
});

const tokensAndContext = fc.record({
  tokens: fc.integer({ min: 2, max: 700 }),
  context: fc.integer({ min: 1, max: 60_000 }),
});

it('a pass over m tokens of a sequence costs at most m passes over one token, and more than one', () => {
  everywhere(tokensAndContext, (gpu, shape, { tokens, context }) => {
    const pass = new ForwardPass(shape, gpu, 1);
    const last = context + tokens - 1;
    const pairs = (tokens * (context + last)) / 2;
    const together = pass.tokensS(tokens) + pass.logitsS(tokens) + pass.attentionS(1, tokens, last, pairs);
    const one = (at: number) => pass.tokensS(1) + pass.logitsS(1) + pass.attentionS(1, 1, at, at);
    let apart = 0;
    for (let at = context; at <= last; at++) apart += one(at);
    expectAtMost([together], [apart]);
    assert(together > one(last));
  });
});

it('padding to graph sizes leaves that so, but for experts, whom padding visits too', () => {
  everywhere(tokensAndContext, (gpu, shape, { tokens, context }) => {
    if (shape.experts !== null) return;
    const k = tokens % MAX_K;
    const together = prices(gpu, shape, { sequences: 1, k, context })[VERIFY]!;
    const one = prices(gpu, shape, { sequences: 1, k: 0, context: context + k })[VERIFY]!;
    expectAtMost([together], [(k + 1) * one]);
  });
});

it('a GPU twice as fast in all takes half the time for a pass', () => {
  everywhere(tokensAndContext, (gpu, shape, { tokens, context }) => {
    const twice = changeable(gpu);
    for (const name of ['bandwidth', 'bf16', 'fp8']) rates[name]!(twice, 2);
    twice.efficiency.factors = { 'experts.fixed': 0.5 };
    const seconds = (hardware: HardwareProfile) => {
      const pass = new ForwardPass(shape, hardware, 1);
      return (
        pass.tokensS(tokens) +
        pass.firstPassS(tokens) +
        pass.logitsS(tokens) +
        pass.attentionS(1, tokens, context, context * tokens)
      );
    };
    assert(Math.abs(seconds(gpu) / seconds(twice) - 2) < 5e-10);
  });
});
