/** Prices by hand: a tiny model on a made-up GPU with round numbers. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type EngineProfile, parseEngine } from '../../src/cost/engine-profile.ts';
import { ForwardPass } from '../../src/cost/forward-pass.ts';
import { smoothRoofline } from '../../src/cost/kernels.ts';
import { Roofline } from '../../src/cost/roofline.ts';
import { SpecDecodeBench } from '../../src/cost/specdecode-bench.ts';
import { noSeconds, PassWork, StepWork, totalSeconds } from '../../src/cost/work.ts';
import { parseHardware } from '../../src/hardware/load.ts';
import type { HardwareProfile } from '../../src/hardware/profile.ts';
import type { ContextRead, ExpertShape, Gemm } from '../../src/model/layer.ts';
import { type ForwardShape, forwardShape } from '../../src/model/shape.ts';
import { modelCard } from '../shipped-models.ts';

/** So large that what it divides takes no time. */
const BOUNDLESS = 1e300;

interface Gpu {
  readonly bandwidth?: number;
  readonly bf16?: number;
  readonly fp8?: number;
}

/** Matrix products reach half of both peaks, in fp8 a quarter; attention half of the bandwidth, a fifth of the FLOPS. */
function gpu({ bandwidth = BOUNDLESS, bf16 = BOUNDLESS, fp8 }: Gpu): HardwareProfile {
  return {
    name: 'made-up',
    label: 'made-up',
    architecture: 'other',
    specification: {
      memoryCapacityBytes: BOUNDLESS,
      memoryBandwidthBytesPerS: bandwidth,
      denseFlopsPerS: fp8 === undefined ? { bf16 } : { bf16, fp8 },
      linkBandwidthBytesPerS: null,
      l2Bytes: null,
      streamingMultiprocessors: null,
      powerW: null,
      priceUsdPerH: null,
    },
    efficiency: {
      gemm: {
        bf16: { bandwidth: 0.5, flops: 0.5, corner: 2 },
        fp8: { bandwidth: 0.25, flops: 0.25, corner: 2 },
      },
      kernels: [],
      experts: [
        {
          format: 'bf16',
          engine: 'made-up 1',
          provenance: { source: 'made up' },
          fixedS: 0.5,
          eachS: 0.25,
          bandwidth: 0.5,
          flops: 0.5,
          sliver: 0,
        },
      ],
      exchange: [{ gpus: 2, lines: [{ latencyS: 7, bytesPerS: 2 }] }],
      attention: { bandwidth: 0.5, flops: 0.2 },
      allReduce: [
        {
          gpus: 2,
          lines: [
            { latencyS: 1, bytesPerS: 1 },
            { latencyS: 3, bytesPerS: 5 },
          ],
        },
      ],
    },
    calibration: 'data sheet only',
    notes: [],
    provenance: {},
  };
}

function gemm(n: number, k: number, rest: Partial<Gemm> = {}): Gemm {
  return { name: `${n} x ${k}`, n, k, count: 1, format: 'bf16', bytesPerWeight: 2, compute: 'bf16', ...rest };
}

function shape(rest: Partial<ForwardShape> = {}): ForwardShape {
  return {
    name: 'tiny',
    layers: 1,
    gemms: [],
    furtherProducts: 0,
    block: false,
    readBytesPerToken: 4,
    firstPassGemms: [],
    lmHead: gemm(10, 5),
    experts: null,
    reads: [],
    kvBytesPerToken: 0,
    queriesPerKey: 1,
    stateBytes: 0,
    stateFlopsPerToken: 0,
    activationBytesPerToken: 0,
    copies: 1,
    exchanges: 0,
    allReduces: 0,
    allReduceBytesPerToken: 0,
    weightBytes: 0,
    ...rest,
  };
}

/** Layers that read all of the context, or a window of it. */
function reading(bytesPerToken: number, flopsPerPair: number, window: number | null = null): ContextRead {
  return { bytesPerToken, flopsPerPair, window, most: null };
}

/** 5 x 5 in bf16: 50 B of weights, and per token 2 x 10 B of activations and 2 x 25 FLOPs. */
const square = gemm(5, 5);
/** Products move 10 B/s. */
const memoryBound = gpu({ bandwidth: 20 });
/** Products do 25 FLOP/s. */
const computeBound = gpu({ bf16: 50 });

describe('the smooth roofline', () => {
  it('is the 3-4-5 triangle for a corner of 2', () => {
    expect(smoothRoofline(3, 4, 2)).toBeCloseTo(5, 12);
    expect(smoothRoofline(4, 3, 2)).toBeCloseTo(5, 12);
  });

  it('adds the two for a corner of 1 and tends to the larger for a sharp one', () => {
    expect(smoothRoofline(3, 4, 1)).toBeCloseTo(7, 12);
    expect(smoothRoofline(3, 4, 200)).toBeCloseTo(4, 12);
    expect(smoothRoofline(1e-200, 4e-200, 5) / 4e-200).toBeCloseTo((1 + 0.25 ** 5) ** 0.2, 12);
  });

  it('is the other side alone when one side takes nothing', () => {
    expect(smoothRoofline(0, 4, 2)).toBe(4);
    expect(smoothRoofline(3, 0, 2)).toBe(3);
    expect(smoothRoofline(0, 0, 2)).toBe(0);
  });
});

describe('one matrix product', () => {
  it('moves its weights once and its activations per token', () => {
    const pass = new ForwardPass(shape({ gemms: [square] }), memoryBound, 1);
    expect(pass.tokensS(1)).toBeCloseTo((50 + 20) / 10, 12);
    expect(pass.tokensS(4)).toBeCloseTo((50 + 4 * 20) / 10, 12);
  });

  it('does two FLOPs a weight and token', () => {
    const pass = new ForwardPass(shape({ gemms: [square] }), computeBound, 1);
    expect(pass.tokensS(1)).toBeCloseTo(50 / 25, 12);
    expect(pass.tokensS(4)).toBeCloseTo(4 * (50 / 25), 12);
  });

  it('meets both sides at the corner', () => {
    // One token: 70 B at 70/3 B/s, 50 FLOPs at 50/4 FLOP/s.
    const corner = gpu({ bandwidth: 2 * (70 / 3), bf16: 2 * (50 / 4) });
    expect(new ForwardPass(shape({ gemms: [square] }), corner, 1).tokensS(1)).toBeCloseTo(5, 12);
  });

  it('counts as often as it runs, and products add up', () => {
    const gemms = [gemm(5, 5, { count: 3 }), gemm(10, 5)];
    const pass = new ForwardPass(shape({ gemms }), memoryBound, 1);
    expect(pass.tokensS(2)).toBeCloseTo(3 * 9 + (100 + 2 * 30) / 10, 12);
  });

  it('takes a small weight, and the fp8 rate where there is one', () => {
    const int4 = shape({ gemms: [gemm(5, 5, { bytesPerWeight: 0.5 })] });
    expect(new ForwardPass(int4, memoryBound, 1).tokensS(1)).toBeCloseTo((12.5 + 20) / 10, 12);
    const fp8 = shape({ gemms: [gemm(5, 5, { format: 'fp8', bytesPerWeight: 1, compute: 'fp8' })] });
    expect(new ForwardPass(fp8, gpu({ bandwidth: 20, fp8: BOUNDLESS }), 1).tokensS(1)).toBeCloseTo(
      45 / 5,
      12,
    );
    expect(new ForwardPass(fp8, gpu({ bf16: 50, fp8: 400 }), 1).tokensS(1)).toBeCloseTo(50 / 100, 12);
    expect(new ForwardPass(fp8, memoryBound, 1).tokensS(1)).toBeCloseTo(45 / 10, 12);
    expect(new ForwardPass(fp8, computeBound, 1).tokensS(1)).toBeCloseTo(50 / 25, 12);
  });

  it('is priced by the same formula beyond the table and between whole numbers', () => {
    const pass = new ForwardPass(shape({ gemms: [square] }), memoryBound, 1);
    expect(pass.tokensS(1_000_000)).toBeCloseTo(5 + 2_000_000, 6);
    expect(pass.tokensS(2.5)).toBeCloseTo(5 + 2 * 2.5, 12);
    expect(pass.tokensS(3)).toBe(pass.tokensS(3));
  });
});

describe('the other parts of a pass', () => {
  it('activations move at 0.8 of the bandwidth', () => {
    const pass = new ForwardPass(shape({ activationBytesPerToken: 32 }), memoryBound, 1);
    expect(pass.tokensS(3)).toBeCloseTo((3 * 32) / 16, 12);
  });

  it('the output matrix runs over the rows that want logits, none for no row', () => {
    const pass = new ForwardPass(shape(), memoryBound, 1);
    expect(pass.logitsS(0)).toBe(0);
    expect(pass.logitsS(1)).toBeCloseTo((100 + 30) / 10, 12);
    expect(pass.logitsS(4)).toBeCloseTo((100 + 4 * 30) / 10, 12);
    expect(pass.tokensS(4)).toBe(0);
  });

  it('the fusion of a first pass stands apart', () => {
    const pass = new ForwardPass(shape({ firstPassGemms: [gemm(5, 15)] }), memoryBound, 1);
    expect(pass.firstPassS(2)).toBeCloseTo((150 + 2 * 40) / 10, 12);
    expect(pass.tokensS(2)).toBe(0);
  });

  it('attention takes the longer of its bytes and its FLOPs', () => {
    const attending = shape({ reads: [reading(8, 6)] });
    // 10 B/s and 12 FLOP/s.
    const pass = new ForwardPass(attending, gpu({ bandwidth: 20, bf16: 60 }), 1);
    expect(pass.attentionS(2, 2, 50, 50)).toBeCloseTo((50 * 8) / 10, 12);
    expect(pass.attentionS(2, 8, 50, 200)).toBeCloseTo((200 * 6) / 12, 12);
    expect(pass.attentionS(2, 0, 0, 0)).toBe(0);
  });

  it('a sliding window cuts what its share of the layers reads', () => {
    const windowed = shape({ reads: [reading(4, 3), reading(4, 3, 10)] });
    const pass = new ForwardPass(windowed, gpu({ bandwidth: 20, bf16: 60 }), 1);
    // Two sequences of 25: half of the layers see 10 of 25 tokens, hence 0.7 of all.
    expect(pass.attentionS(2, 2, 50, 50)).toBeCloseTo(0.7 * 40, 12);
    expect(pass.attentionS(2, 2, 20, 20)).toBeCloseTo((20 * 8) / 10, 12);
    expect(pass.attentionS(5, 5, 50, 50)).toBeCloseTo(40, 12);
    // Four query tokens of each attend to 94 tokens, and to 40 in those layers.
    expect(pass.attentionS(2, 8, 50, 188)).toBeCloseTo((0.5 * (188 + 80) * 6) / 12, 12);
    // Prompts: 1 + 2 + ... + 10, and 10 for each of the other 15.
    expect(pass.attentionS(2, 50, 50, 650)).toBeCloseTo((0.5 * (650 + 2 * (55 + 150)) * 6) / 12, 12);
    // Queries read the window before the first of them too: 13 of 25 tokens.
    const bytes = { ...windowed, reads: [reading(4, 0), reading(4, 0, 10)] };
    const inMemory = new ForwardPass(bytes, gpu({ bandwidth: 20 }), 1);
    expect(inMemory.attentionS(2, 8, 50, 188)).toBeCloseTo((0.5 * (50 + 26) * 8) / 10, 12);
  });

  it('an index lets every query read so many tokens, each its own', () => {
    const indexed = shape({ reads: [{ ...reading(8, 6), most: 10 }, reading(1, 0)] });
    const pass = new ForwardPass(indexed, gpu({ bandwidth: 20, bf16: 6e9 }), 1);
    // One sequence of 50: 10 tokens a query, and the index of all.
    expect(pass.attentionS(1, 1, 50, 50)).toBeCloseTo((10 * 8 + 50) / 10, 12);
    expect(pass.attentionS(1, 3, 50, 147)).toBeCloseTo((30 * 8 + 50) / 10, 12);
    expect(pass.attentionS(1, 9, 50, 414)).toBeCloseTo((50 * 8 + 50) / 10, 12);
    const working = new ForwardPass(indexed, gpu({ bandwidth: 1e9, bf16: 60 }), 1);
    expect(working.attentionS(1, 3, 50, 147)).toBeCloseTo((30 * 6) / 12, 12);
  });

  it('a state is read once a sequence, and written for every token that may be the last', () => {
    const recurrent = shape({ stateBytes: 30, stateFlopsPerToken: 6 });
    const pass = new ForwardPass(recurrent, gpu({ bandwidth: 20, bf16: 6e9 }), 1);
    expect(pass.attentionS(2, 2, 100, 100)).toBeCloseTo((2 * 2 * 30) / 10, 12);
    expect(pass.attentionS(2, 8, 100, 400, 8)).toBeCloseTo(((2 + 8) * 30) / 10, 12);
    const working = new ForwardPass(recurrent, gpu({ bandwidth: 1e9, bf16: 60 }), 1);
    expect(working.attentionS(2, 8, 100, 400)).toBeCloseTo((8 * 6) / 12, 12);
  });

  it('every query token of a window attends to at most the window, however prompt and window lie', () => {
    fc.assert(
      fc.property(
        fc.nat(60),
        fc.integer({ min: 1, max: 60 }),
        fc.integer({ min: 1, max: 40 }),
        (before, q, window) => {
          const windowed = shape({ reads: [reading(0, 12, window)] });
          const pass = new ForwardPass(windowed, gpu({ bf16: 60 }), 1);
          const positions = Array.from({ length: q }, (_, i) => before + i + 1);
          const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);
          const pairs = sum(positions.map((at) => Math.min(at, window)));
          expect(pass.attentionS(1, q, before + q, sum(positions))).toBeCloseTo(pairs, 9);
        },
      ),
    );
  });

  const experts = { layers: 3, count: 4, perToken: 2, share: 0, skew: 0, alike: 0, groups: 1, ffn: 6 };
  const mixed = (rest: Partial<ExpertShape> = {}) =>
    shape({ experts: { ...experts, gemms: [square, square], ...rest } });
  const FIXED = 0.5 + 4 * 0.25;

  it('experts are read as often as independent routing visits them, and work for every visit', () => {
    const inMemory = new ForwardPass(mixed(), memoryBound, 1);
    expect(inMemory.tokensS(1)).toBeCloseTo(3 * (FIXED + (2 * (2 * 50 + 2 * 20)) / 10), 12);
    expect(inMemory.tokensS(2)).toBeCloseTo(3 * (FIXED + (2 * (3 * 50 + 4 * 20)) / 10), 12);
    expect(new ForwardPass(mixed(), computeBound, 1).tokensS(2)).toBeCloseTo(
      3 * (FIXED + (2 * 4 * 50) / 25),
      12,
    );
    expect(inMemory.tokensS(0)).toBe(0);
  });

  it('tokens of one sequence share experts', () => {
    const sharing = new ForwardPass(mixed({ share: 1 }), memoryBound, 1);
    const apart = new ForwardPass(mixed(), memoryBound, 1);
    // Two tokens of one sequence visit the experts of one, and still read and write their own rows.
    expect(sharing.tokensS(2, 1)).toBeCloseTo(3 * (FIXED + (2 * (2 * 50 + 4 * 20)) / 10), 12);
    expect(sharing.tokensS(2, 2)).toBe(apart.tokensS(2));
  });

  it('slices of an expert are slivers, and groups of GPUs hold a part of them each', () => {
    const gpuOf = (sliver: number) => ({
      ...memoryBound,
      efficiency: {
        ...memoryBound.efficiency,
        experts: memoryBound.efficiency.experts.map((one) => ({ ...one, sliver })),
      },
    });
    const narrow = new ForwardPass(mixed(), gpuOf(8), 1);
    // hypot(6, 8) is 10: each expert reads as if it were 10 wide.
    expect(narrow.tokensS(1)).toBeCloseTo(3 * (FIXED + (2 * (2 * 50 * (10 / 6) + 2 * 20)) / 10), 12);
    const grouped = new ForwardPass(mixed({ groups: 2 }), memoryBound, 1);
    // The fullest of two groups: of 2 visited of 4 a mean of 1 and sqrt(2 ln 2) of sqrt(1 x 1/2).
    const most = 1 + Math.sqrt(2 * Math.log(2)) * Math.sqrt(0.5);
    const visits = 1 + Math.sqrt(2 * Math.log(2));
    expect(grouped.tokensS(1)).toBeCloseTo(3 * (0.5 + 2 * 0.25 + (2 * (most * 50 + visits * 20)) / 10), 12);
  });

  it('an all-reduce takes the cheaper of its lines, as often as there are all-reduces', () => {
    const spread = shape({ allReduces: 4, allReduceBytesPerToken: 1 });
    const pass = new ForwardPass(spread, gpu({}), 2);
    expect(pass.tokensS(1)).toBeCloseTo(4 * (1 + 1 / 1), 12);
    expect(pass.tokensS(10)).toBeCloseTo(4 * (3 + 10 / 5), 12);
    expect(new ForwardPass(shape({ allReduceBytesPerToken: 1 }), gpu({}), 1).tokensS(10)).toBe(0);
    expect(() => new ForwardPass(spread, gpu({}), 4).tokensS(1)).toThrow('no all-reduce law for 4 GPUs');
  });
});

/** A pass over m tokens: 5 + 2 m s; logits of r rows: 10 + 3 r s; 0.1 s a token of context. */
const target = shape({ layers: 3, gemms: [square], reads: [reading(1, 0)] });
/** 10 + 4 m s; logits 5 + 2 r s; 0.2 s a token of context; fusion of m tokens 15 + 4 m s. */
const draft = shape({
  gemms: [gemm(5, 5, { count: 2 })],
  firstPassGemms: [gemm(5, 15)],
  lmHead: gemm(5, 5),
  reads: [reading(2, 0)],
});

/** An engine that adds nothing: times left out are zero. */
const silent = await parseEngine(
  {
    name: 'silent',
    label: 'silent',
    graphSizes: [],
    maxBatchedTokens: 8,
    maxSequences: 8,
    memoryShare: 1,
    blockTokens: 1,
  },
  'silent',
);

const engineFile = async (name: string): Promise<EngineProfile> => {
  const path = fileURLToPath(new URL(`../../hardware-profiles/engines/${name}.json`, import.meta.url));
  return parseEngine(JSON.parse(readFileSync(path, 'utf8')), name);
};

interface Asked {
  readonly sequences: number;
  readonly tokens: number;
  readonly context?: number;
}

/** A step whose logits are wanted for every token. */
function step({ sequences, tokens, context = 0 }: Asked, draftModels = 1): StepWork {
  const work = new StepWork(draftModels, 5);
  work.verify.sequences = sequences;
  work.verify.tokens = tokens;
  work.verify.contextTokens = context;
  work.verify.attentionPairs = context * (tokens / sequences);
  work.verify.logitRows = tokens;
  work.drafted = tokens - sequences;
  return work;
}

/** Starts from nonsense, since a price must not depend on what stood there. */
const stale = () => ({ draftS: 7, verifyS: 7, samplingS: 7, overheadS: 7, prefillS: 7 });

function price(engine: Partial<EngineProfile>, work: StepWork, hardware = memoryBound, of = target) {
  const drafts = work.drafts.map(() => draft);
  const cost = stale();
  new Roofline(of, drafts, hardware, { ...silent, ...engine }, 1).priceStep(work, cost);
  return cost;
}

describe('the price of a decode step', () => {
  it('is one pass, its logits and its attention', () => {
    const { verifyS, ...rest } = price({}, step({ sequences: 2, tokens: 3, context: 30 }));
    expect(verifyS).toBeCloseTo(11 + 19 + 3, 12);
    expect(rest).toEqual({ draftS: 0, samplingS: 0, overheadS: 0, prefillS: 0 });
  });

  it('pads tokens, but not rows of logits, up to a captured size, and leaves larger batches alone', () => {
    const verifyS = (tokens: number) =>
      price({ graphSizes: [2, 5, 6] }, step({ sequences: 1, tokens })).verifyS;
    expect(verifyS(1)).toBeCloseTo(9 + 13, 12);
    expect(verifyS(2)).toBeCloseTo(9 + 16, 12);
    expect(verifyS(3)).toBeCloseTo(15 + 19, 12);
    expect(verifyS(6)).toBeCloseTo(17 + 28, 12);
    expect(verifyS(7)).toBeCloseTo(19 + 31, 12);
  });

  it('launches every layer', () => {
    const { verifyS } = price({ layerLaunchS: 0.25 }, step({ sequences: 1, tokens: 1 }));
    expect(verifyS).toBeCloseTo(7 + 13 + 3 * 0.25, 12);
  });

  it('launches every product that a dense model does not have: in 4 us where the profile says nothing', () => {
    const more = { ...target, furtherProducts: 5 };
    const work = step({ sequences: 1, tokens: 1 });
    const verifyS = (engine: Partial<EngineProfile>) => price(engine, work, memoryBound, more).verifyS;
    expect(verifyS({ productLaunchS: 0.5 })).toBeCloseTo(7 + 13 + 5 * 0.5, 12);
    expect(verifyS({}) - verifyS({ productLaunchS: 0 })).toBeCloseTo(5 * 4e-6, 12);
  });

  it('waits for the host where that launches layers more slowly than they run; the output matrix follows', () => {
    const verifyS = (layerHostS: number) =>
      price({ layerLaunchS: 0.25, layerHostS }, step({ sequences: 1, tokens: 1 })).verifyS;
    expect(verifyS(2.5)).toBeCloseTo(7 + 13 + 3 * 0.25, 12);
    expect(verifyS(4)).toBeCloseTo(3 * 4 + 13, 12);
  });

  it('adds host work: a step, a sequence, and where it verifies drafts a drafted token', () => {
    const engine = {
      stepOverhead: { fixedS: 1, eachS: 0.1 },
      speculationOverhead: { fixedS: 0.5, eachS: 0.01 },
    };
    expect(price(engine, step({ sequences: 2, tokens: 2 })).overheadS).toBeCloseTo(1.2, 12);
    expect(price(engine, step({ sequences: 2, tokens: 6 })).overheadS).toBeCloseTo(1.2 + 0.5 + 0.04, 12);
  });

  it('samples every row, by rejection where it verifies drafts', () => {
    const engine = {
      plainSampling: { fixedS: 1, eachS: 0.1 },
      rejectionSampling: { fixedS: 2, eachS: 0.2 },
    };
    expect(price(engine, step({ sequences: 2, tokens: 2 })).samplingS).toBeCloseTo(1 + 2 * 0.1, 12);
    expect(price(engine, step({ sequences: 2, tokens: 6 })).samplingS).toBeCloseTo(2 + 6 * 0.2, 12);
  });

  it('charges a search as drafting, only in steps that search', () => {
    const work = step({ sequences: 2, tokens: 2 }, 0);
    const search = { search: { fixedS: 1, eachS: 0.1 } };
    expect(price(search, work).draftS).toBe(0);
    work.searches = 3;
    expect(price(search, work).draftS).toBeCloseTo(1.3, 12);
  });
});

describe('the passes of a draft model', () => {
  it('runs pass j for those that draft at least j tokens; the first takes what was not read yet', () => {
    const work = step({ sequences: 2, tokens: 6 });
    work.drafts[0]!.add(1, 1, 10, 2);
    work.drafts[0]!.add(1, 3, 20, 1);
    const first = 10 + 4 * 3 + (5 + 2 * 2) + 0.2 * 30 + (15 + 4 * 3);
    const second = 10 + 4 + (5 + 2) + 0.2 * 21;
    const third = 10 + 4 + (5 + 2) + 0.2 * 22;
    expect(price({}, work).draftS).toBeCloseTo(first + second + third, 12);
    expect(price({ draftPassLaunchS: 0.5, layerLaunchS: 0.25 }, work).draftS).toBeCloseTo(
      first + second + third + 3 * (0.5 + 0.25),
      12,
    );
    // The host launches the second and third pass more slowly than they run, in 18.2 and 18.4 s; the first takes 28 s.
    expect(price({ layerHostS: 20 }, work).draftS).toBeCloseTo(first + second + third + 1.8 + 1.6, 12);
    // Padded: 3 tokens to 4 in the first pass and its fusion, 1 to 2 in the others.
    expect(price({ graphSizes: [2, 4] }, work).draftS).toBeCloseTo(
      first + second + third + 4 + 4 + 2 * 4,
      12,
    );
  });

  it('attends from every token of the first pass to its context', () => {
    const attending = { ...draft, reads: [reading(0, 1)] };
    const work = step({ sequences: 2, tokens: 6 });
    work.drafts[0]!.add(2, 2, 10, 3);
    const cost = noSeconds();
    // Attention does 10 FLOP/s, matrix products 25.
    new Roofline(target, [attending], computeBound, silent, 1).priceStep(work, cost);
    const products = (2 * 6 * 50 + 6 * 150 + 2 * 50 + (2 * 2 * 50 + 2 * 50)) / 25;
    expect(cost.draftS).toBeCloseTo(products + (2 * 10 * 3) / 10 + (2 * 11) / 10, 12);
  });

  it('copies cost what as many sequences do', () => {
    const together = step({ sequences: 3, tokens: 9 });
    together.drafts[0]!.add(3, 2, 10, 2);
    const apart = step({ sequences: 3, tokens: 9 });
    for (let i = 0; i < 3; i++) apart.drafts[0]!.add(1, 2, 10, 2);
    expect(price({}, together).draftS).toBe(price({}, apart).draftS);
  });

  it('costs nothing when nothing is drafted, and models add up', () => {
    const work = step({ sequences: 2, tokens: 6 }, 2);
    work.drafts[1]!.add(2, 1, 10, 1);
    const one = 10 + 4 * 2 + (5 + 2 * 2) + 0.2 * 20 + (15 + 4 * 2);
    expect(price({ draftPassLaunchS: 1 }, work).draftS).toBeCloseTo(1 + one, 12);
    work.drafts[0]!.add(2, 1, 10, 1);
    expect(price({ draftPassLaunchS: 1 }, work).draftS).toBeCloseTo(2 * (1 + one), 12);
    work.clear();
    expect(price({ draftPassLaunchS: 1 }, work).draftS).toBe(0);
  });
});

describe('a block drafter', () => {
  const block = { ...draft, block: true };
  const blockPrice = (
    engine: Partial<EngineProfile>,
    work: StepWork,
    shape = block,
    hardware = memoryBound,
  ) => {
    const cost = stale();
    new Roofline(target, [shape], hardware, { ...silent, ...engine }, 1).priceStep(work, cost);
    return cost;
  };

  it('reads new context once, then runs once over the blocks, which are a token longer than their drafts', () => {
    const work = step({ sequences: 2, tokens: 8 });
    work.drafts[0]!.add(1, 3, 10, 2);
    work.drafts[0]!.add(1, 3, 20, 1);
    const context = 15 + 4 * 3;
    const layers = 10 + 4 * 8 + 0.2 * (13 + 23);
    const logits = 5 + 2 * 6;
    expect(blockPrice({}, work).draftS).toBeCloseTo(context + layers + logits, 12);
    expect(blockPrice({ draftPassLaunchS: 0.5, layerLaunchS: 0.25 }, work).draftS).toBeCloseTo(
      context + layers + logits + 0.5 + 0.25,
      12,
    );
  });

  it('attends from every token of a block to all of it', () => {
    const attending = { ...block, reads: [reading(0, 1)] };
    const of = (length: number) => {
      const work = step({ sequences: 1, tokens: 4 });
      work.drafts[0]!.add(1, length, 10, 0);
      const silentAttention = { ...attending, reads: [] };
      const seconds = (shape: typeof block) => blockPrice({}, work, shape, computeBound).draftS;
      return seconds(attending) - seconds(silentAttention);
    };
    // Attention does 10 FLOP/s.
    expect(of(1)).toBeCloseTo((2 * 11) / 10, 12);
    expect(of(4)).toBeCloseTo((5 * 14) / 10, 12);
  });

  it('of a prompt reads the context alone', () => {
    const prompts = Object.assign(new PassWork(), { sequences: 1, tokens: 6, contextTokens: 6 });
    const cost = noSeconds();
    const engine = { ...silent, draftPassLaunchS: 0.5, layerLaunchS: 0.25 };
    new Roofline(target, [block], memoryBound, engine, 1).pricePrefill(prompts, cost);
    expect(cost.draftS).toBeCloseTo(0.5 + 15 + 4 * 6, 12);
    const beside = step({ sequences: 1, tokens: 1 });
    Object.assign(beside.prefill, prompts);
    expect(blockPrice({ draftPassLaunchS: 0.5 }, beside).draftS).toBeCloseTo(0.5 + 15 + 4 * 6, 12);
  });

  it('launches once, which asynchronous scheduling hides', () => {
    const work = step({ sequences: 1, tokens: 4 });
    work.drafts[0]!.add(1, 3, 10, 1);
    const hidden = blockPrice({ draftPassLaunchS: 0.5, asyncSpeculation: true }, work);
    expect(hidden).toEqual(blockPrice({}, work));
  });
});

describe('the price of a step that prefills chunks beside decoding', () => {
  /** 2 sequences verify 3 tokens; `tokens` of a prompt of which 5 are in memory are beside them. */
  function mixed(tokens: number): StepWork {
    const work = step({ sequences: 2, tokens: 3, context: 30 });
    Object.assign(work.prefill, { sequences: 1, tokens, contextTokens: 5 + tokens, logitRows: 1 });
    work.prefill.attentionPairs = 5 * tokens + (tokens * (tokens + 1)) / 2;
    return work;
  }

  it('is one pass: the prompt is charged what it adds', () => {
    const { verifyS, prefillS } = price({}, mixed(4));
    expect(verifyS).toBeCloseTo(11 + 19 + 3, 12);
    expect(prefillS).toBeCloseTo(2 * 4 + 3 + 0.1 * 9, 12);
    expect(price({ layerLaunchS: 0.25 }, mixed(4)).prefillS).toBe(prefillS);
  });

  it('waits for the host once, however the layers are shared out', () => {
    const work = mixed(4);
    const { verifyS, prefillS } = price({}, work);
    const slow = price({ layerHostS: 100 }, work);
    const logitsS = (rows: number) => 10 + 3 * rows;
    const rows = work.verify.logitRows + work.prefill.logitRows;
    expect(slow.verifyS + slow.prefillS).toBeCloseTo(3 * 100 + logitsS(rows), 9);
    expect(price({ layerHostS: 1e-3 }, work)).toMatchObject({ verifyS, prefillS });
  });

  it('pads the whole pass', () => {
    const prefillS = (tokens: number) => price({ graphSizes: [4, 8] }, mixed(tokens)).prefillS;
    expect(prefillS(1)).toBeCloseTo(3 + 0.1 * 6, 12);
    expect(prefillS(2)).toBeCloseTo(2 * (8 - 4) + 3 + 0.1 * 7, 12);
    expect(prefillS(9)).toBeCloseTo(2 * (12 - 4) + 3 + 0.1 * 14, 12);
  });

  it('adds to the first pass of every draft model, and runs one where nobody drafts', () => {
    const engine = { draftPassLaunchS: 0.5, layerLaunchS: 0.25 };
    expect(price(engine, mixed(4)).draftS).toBeCloseTo(0.75 + (10 + 16) + 0.2 * 9 + (15 + 16), 12);
    const work = mixed(4);
    work.drafts[0]!.add(2, 1, 10, 1);
    const alone = step({ sequences: 2, tokens: 3, context: 30 });
    alone.drafts[0]!.add(2, 1, 10, 1);
    expect(price(engine, work).draftS - price(engine, alone).draftS).toBeCloseTo(16 + 0.2 * 9 + 16, 12);
  });

  it('has host work and a row to sample for each prompt', () => {
    const engine = { stepOverhead: { fixedS: 1, eachS: 0.1 }, rejectionSampling: { fixedS: 2, eachS: 0.2 } };
    const { overheadS, samplingS } = price(engine, mixed(4));
    expect(overheadS).toBeCloseTo(1 + 0.1 * 3, 12);
    expect(samplingS).toBeCloseTo(2 + 0.2 * 4, 12);
  });

  it('is less than the price of two steps', async () => {
    const path = fileURLToPath(new URL('../../hardware-profiles/h100-sxm.json', import.meta.url));
    const h100 = await parseHardware(JSON.parse(readFileSync(path, 'utf8')), 'h100-sxm');
    const llama = forwardShape(modelCard('llama-3.1-8b'), { tp: 1, dtype: 'bf16' });
    const model = new Roofline(llama, [], h100, await engineFile('vllm-0.10'), 1);
    for (const tokens of [1, 64, 500, 4000]) {
      const [together, decode, prompts] = [noSeconds(), noSeconds(), noSeconds()];
      const work = step({ sequences: 32, tokens: 128, context: 32_000 }, 0);
      model.priceStep(work, decode);
      Object.assign(work.prefill, mixed(tokens).prefill);
      model.priceStep(work, together);
      model.pricePrefill(work.prefill, prompts);
      expect(together.verifyS).toBe(decode.verifyS);
      expect(together.prefillS).toBeGreaterThan(0);
      expect(totalSeconds(together)).toBeLessThan(totalSeconds(decode) + totalSeconds(prompts));
    }
  });

  it('adds its tokens to the linear pass of the authors’ model', () => {
    const [plain, cost] = [noSeconds(), noSeconds()];
    new SpecDecodeBench().priceStep(step({ sequences: 2, tokens: 3, context: 30 }), plain);
    new SpecDecodeBench().priceStep(mixed(4), cost);
    expect(cost).toEqual({ ...plain, prefillS: 4 * 2.10103129e-5 });
  });
});

describe('asynchronous scheduling', () => {
  it('hides the host behind the GPU: the longer of the two counts', () => {
    const work = step({ sequences: 2, tokens: 2, context: 30 });
    const totalS = (engine: Partial<EngineProfile>) => totalSeconds(price(engine, work));
    const deviceS = totalS({});
    const host = (fixedS: number) => ({ stepOverhead: { fixedS, eachS: 0 } });
    expect(totalS(host(10))).toBeCloseTo(deviceS + 10, 12);
    expect(totalS({ ...host(10), asyncScheduling: true })).toBeCloseTo(deviceS, 12);
    expect(totalS({ ...host(100), asyncScheduling: true })).toBeCloseTo(100, 12);
    expect(price({ ...host(100), asyncScheduling: true }, work).verifyS).toBe(price({}, work).verifyS);
  });

  it('hides the launches of draft passes too, and no look-up', () => {
    const work = step({ sequences: 2, tokens: 8, context: 30 });
    work.drafts[0]!.add(2, 3, 30, 1);
    const seconds = (engine: Partial<EngineProfile>) => {
      const cost = stale();
      new Roofline(target, [target], memoryBound, { ...silent, ...engine }, 1).priceStep(work, cost);
      return cost;
    };
    const deviceS = totalSeconds(seconds({}));
    const launch = { draftPassLaunchS: 10, stepOverhead: { fixedS: 5, eachS: 0 } };
    expect(totalSeconds(seconds(launch))).toBeCloseTo(deviceS + 35, 9);
    const hidden = seconds({ ...launch, asyncSpeculation: true });
    expect(totalSeconds(hidden)).toBeCloseTo(Math.max(35, deviceS), 9);
    expect(hidden.draftS).toBeCloseTo(seconds({}).draftS, 9);
    work.searches = 2;
    const search = { asyncSpeculation: true, search: { fixedS: 7, eachS: 0 } };
    expect(totalSeconds(seconds(search))).toBeCloseTo(deviceS + 7, 9);
  });

  it('does so for prompts as well', () => {
    const cost = stale();
    const prompts = Object.assign(new PassWork(), {
      sequences: 1,
      tokens: 4,
      contextTokens: 4,
      logitRows: 1,
    });
    const engine = { ...silent, asyncScheduling: true, stepOverhead: { fixedS: 100, eachS: 0 } };
    new Roofline(target, [], memoryBound, engine, 1).pricePrefill(prompts, cost);
    expect(totalSeconds(cost)).toBeCloseTo(100, 12);
  });
});

describe('the price of prefill', () => {
  function prefill(engine: Partial<EngineProfile>, tokens: number, drafts: readonly ForwardShape[] = []) {
    const prompts = new PassWork();
    prompts.sequences = 2;
    prompts.tokens = tokens;
    prompts.contextTokens = tokens;
    prompts.attentionPairs = (tokens * (tokens + 1)) / 2;
    prompts.logitRows = 2;
    const cost = stale();
    new Roofline(target, drafts, memoryBound, { ...silent, ...engine }, 1).pricePrefill(prompts, cost);
    return cost;
  }

  it('is chunks of the token budget, and logits of the last rows', () => {
    const { prefillS, ...rest } = prefill({}, 20);
    expect(prefillS).toBeCloseTo(2 * (5 + 16) + (5 + 8) + 0.1 * 20 + (10 + 6), 12);
    expect(rest).toEqual({ draftS: 0, verifyS: 0, samplingS: 0, overheadS: 0 });
    expect(prefill({}, 16).prefillS).toBeCloseTo(2 * (5 + 16) + 0.1 * 16 + (10 + 6), 12);
    expect(prefill({}, 3).prefillS).toBeCloseTo(5 + 6 + 0.1 * 3 + (10 + 6), 12);
  });

  it('is not padded', () => {
    expect(prefill({ graphSizes: [4, 8] }, 11).prefillS).toBe(prefill({}, 11).prefillS);
  });

  it('pays launches, host work and sampling for every chunk', () => {
    const engine = {
      layerLaunchS: 0.25,
      stepOverhead: { fixedS: 1, eachS: 0.1 },
      plainSampling: { fixedS: 2, eachS: 0.2 },
      rejectionSampling: { fixedS: 90, eachS: 90 },
      speculationOverhead: { fixedS: 90, eachS: 90 },
    };
    const cost = prefill(engine, 20);
    expect(cost.prefillS - prefill({}, 20).prefillS).toBeCloseTo(3 * 3 * 0.25, 12);
    expect(cost.overheadS).toBeCloseTo(3 * 1 + 2 * 0.1, 12);
    expect(cost.samplingS).toBeCloseTo(3 * 2 + 2 * 0.2, 12);
    expect(prefill(engine, 16).overheadS).toBeCloseTo(2 * 1 + 2 * 0.1, 12);
  });

  it('runs every draft model over the prompts, charged as drafting', () => {
    const once = 2 * (10 + 32) + (10 + 16) + 0.2 * 20 + (15 + 4 * 20);
    expect(prefill({}, 20, [draft]).draftS).toBeCloseTo(once, 12);
    expect(prefill({ draftPassLaunchS: 0.5, layerLaunchS: 0.25 }, 20, [draft, draft]).draftS).toBeCloseTo(
      2 * (once + 3 * 0.75),
      12,
    );
    expect(prefill({}, 20, [draft]).prefillS).toBe(prefill({}, 20).prefillS);
  });
});

describe('shipped engine profiles', () => {
  it('ideal adds nothing to the passes', async () => {
    const ideal = await engineFile('ideal');
    const work = step({ sequences: 2, tokens: 3, context: 30 });
    work.searches = 2;
    work.drafts[0]!.add(2, 1, 10, 1);
    const { draftS, verifyS, ...rest } = price(ideal, work);
    expect(draftS).toBeCloseTo(10 + 4 * 2 + (5 + 2 * 2) + 0.2 * 20 + (15 + 4 * 2), 12);
    expect(verifyS).toBeCloseTo(11 + 19 + 3, 12);
    expect(rest).toEqual({ samplingS: 0, overheadS: 0, prefillS: 0 });
  });

  it('vllm-0.10 on h100-sxm decodes a plain step of Llama-3.1-8B in about the published 7.09 ms', async () => {
    // SpecDecode-Bench/simulator predictor.py: 5.886 ms for the pass and 1.207 ms beside it at batch 1.
    const path = fileURLToPath(new URL('../../hardware-profiles/h100-sxm.json', import.meta.url));
    const h100 = await parseHardware(JSON.parse(readFileSync(path, 'utf8')), 'h100-sxm');
    const llama = forwardShape(modelCard('llama-3.1-8b'), { tp: 1, dtype: 'bf16' });
    const cost = noSeconds();
    const work = step({ sequences: 1, tokens: 1, context: 500 }, 0);
    new Roofline(llama, [], h100, await engineFile('vllm-0.10'), 1).priceStep(work, cost);
    expect(totalSeconds(cost)).toBeGreaterThan(6.7e-3);
    expect(totalSeconds(cost)).toBeLessThan(7.5e-3);
    expect(cost.verifyS).toBeGreaterThan(0.9 * 5.886e-3);
    expect(cost.verifyS).toBeLessThan(1.1 * 5.886e-3);
  });
});
