/** What links and stages add to a step, and what drafting ahead takes away. */
import { describe, expect, it } from 'vitest';
import { forwardPass } from '../../src/cost/forward-pass.ts';
import { pipelined } from '../../src/cost/pipelined.ts';
import { FREE_LINK, type Placement, together } from '../../src/cost/placement.ts';
import { Roofline } from '../../src/cost/roofline.ts';
import { noSeconds, StepWork, totalSeconds, Verified } from '../../src/cost/work.ts';
import { UserError } from '../../src/errors.ts';
import { forwardShape, headShape } from '../../src/model/shape.ts';
import { folderLibrary } from '../../src/node/folder-library.ts';
import { gatherInputs } from '../../src/scenario/inputs.ts';
import { completeScenario, type Options } from '../../src/scenario/options.ts';
import { parseAhead, parseLink } from '../../src/scenario/placement.ts';
import { runScenario } from '../../src/scenario/run.ts';
import { PlainPrices } from '../plain-prices.ts';

const { target, hardware, engine, drafts } = await gatherInputs(
  completeScenario({ engine: 'ideal', method: ['eagle3'] }),
  folderLibrary,
);
const eagle3 = drafts.get('eagle3')!;
const shape = forwardShape(target, { tp: 1, dtype: 'bf16' });
const head = headShape(eagle3 as Parameters<typeof headShape>[0], target, { tp: 1 });

/** A step of 2 sequences that draft 3 tokens each and caught up on 5. */
function step(placement: Placement, draft = head) {
  const cost = new Roofline(shape, [draft], hardware, engine, 1, placement);
  const work = new StepWork(1, 3);
  const verified = new Verified();
  verified.chain(3);
  work.addRounds(2, 1000, verified);
  work.drafts[0]!.addAll(2, 3, 1000, 5);
  const price = noSeconds();
  cost.priceStep(work, price);
  return price;
}

const here = together(hardware, 1);
const plain = step(here);
const link = { latencyS: 1e-3, bytesPerS: 1e6 };

describe('a step', () => {
  /** EAGLE-3 reads 3 states of 4096 bf16 numbers of each of the 5 tokens, and sends back 6 ids of 4 bytes. */
  it('exchanges states and drafts with a model elsewhere', () => {
    const apart = step({ ...here, drafting: { ...here.drafting, apart: true, link } });
    expect(apart.draftS - plain.draftS).toBeCloseTo(2e-3 + (5 * 3 * 4096 * 2 + 6 * 4) / 1e6, 10);
    expect(apart.verifyS).toBe(plain.verifyS);
  });

  /** Two links between three stages, each with 8 tokens of 4096 bf16 numbers. */
  it('moves activations from stage to stage', () => {
    const staged = step({ ...here, stages: { count: 3, link } });
    expect(staged.verifyS - plain.verifyS).toBeCloseTo(2 * (1e-3 + (8 * 4096 * 2) / 1e6), 10);
  });

  it('is the same over links that nothing is lost on', () => {
    expect(
      step({ ...here, drafting: { ...here.drafting, apart: true }, stages: { count: 4, link: FREE_LINK } }),
    ).toEqual(plain);
  });

  /** 5 tokens and a blank for the second and the third draft of each sequence. */
  it('over blanks is one pass', () => {
    const pass = forwardPass(head, hardware, 1, engine.kernels);
    const layersS = pass.tokensS(9, 2) + pass.attentionS(2, 9, 1000, 4500) + pass.firstPassS(9);
    expect(step(here, { ...head, blanks: true }).draftS).toBeCloseTo(layersS + pass.logitsS(6), 12);
  });

  it('takes of what is drafted ahead what it takes longer than to verify', () => {
    const ahead = step(here, { ...head, ahead: true, lastTokenOnly: true });
    expect(ahead.draftS).toBeCloseTo(Math.max(0, plain.draftS - plain.verifyS), 12);
  });
});

describe('batches in flight', () => {
  /** Half the sequences take .2 s for the layers, .02 s over the link, .03 s to draft, .01 s to sample and .04 s of host. */
  const one = new PlainPrices(({ verify: { sequences } }) => ({
    draftS: 0.015 * sequences,
    verifyS: 0.1 * sequences + 0.02,
    samplingS: 0.005 * sequences,
    overheadS: 0.04,
  }));
  const work = new StepWork(0, 0);
  work.addRounds(4, 400, new Verified());
  const stepS = (batches: number, bytesPerS = Number.POSITIVE_INFINITY) => {
    const pipeline = { count: 2, link: { latencyS: 0.02, bytesPerS }, bytesPerToken: 10, batches };
    const price = noSeconds();
    pipelined(one, pipeline).priceStep(work, price);
    return totalSeconds(price);
  };

  it('take the longer of one way through all stages and their turns at the busiest', () => {
    expect(stepS(1)).toBeCloseTo(0.06 + 0.42 + 0.02 + 0.04, 12);
    // .1 s a stage, of which the last drafts and samples: two turns are shorter than the way of one.
    expect(stepS(2)).toBeCloseTo(0.03 + 0.22 + 0.01 + 0.04, 12);
    // Of four, each with one sequence, the way takes .18 s, and turns at the last stage .05 + .015 + .005.
    expect(stepS(4)).toBeCloseTo(4 * 0.07, 12);
    expect(stepS(8)).toBeCloseTo(stepS(4), 12);
    // 20 bytes of two tokens at 100 B/s; the way through is given.
    expect(stepS(2, 100)).toBeCloseTo(2 * 0.2, 12);
  });

  it('gain throughput at large batches, and are one at batch 1', async () => {
    const link = { stage: '20us,50GB/s' };
    const of = (microbatches: number, batch: number) =>
      plainSpeed({ pp: 2, link, microbatches, batch: [batch] });
    expect(await of(2, 1)).toBe(await of(1, 1));
    const gain = (await of(2, 128)) / (await of(1, 128));
    expect(gain).toBeGreaterThan(1.1);
    expect(gain).toBeLessThan(2);
  });
});

const BASE: Options = {
  draft: 'llama-3.2-1b',
  acceptance: { 'draft-model': '0.8' },
  draftGpu: 'l4',
  batch: [4],
  k: [3],
  requests: 3,
};
const plainSpeed = async (options: Options) => {
  const scenario = completeScenario({ ...options, method: ['none'], requests: 1 });
  return runScenario(await gatherInputs(scenario, folderLibrary)).rows[0]!.throughput_tok_per_s!;
};
const speed = async (options: Options) => {
  const inputs = await gatherInputs(completeScenario({ ...BASE, ...options }), folderLibrary);
  return runScenario(inputs).rows.map((row) => row.throughput_tok_per_s);
};

describe('parallel drafting', () => {
  it('is never slower than in sequence, at no hits as fast, and the faster the more it hits', async () => {
    const [sequence, none, half, all] = await Promise.all([
      speed({ method: ['draft-model'] }),
      ...['0,1', '0.5,1', '1,1'].map((ahead) => speed({ method: ['parallel:draft-model'], ahead })),
    ]);
    expect(none![0]!).toBeCloseTo(sequence![0]!, 6);
    expect(half![0]!).toBeGreaterThan(none![0]!);
    expect(all![0]!).toBeGreaterThan(half![0]!);
  });

  it('pays for the outcomes that it prepares', async () => {
    const [one, many] = await Promise.all(
      ['1,1', '1,64'].map((ahead) => speed({ method: ['parallel:draft-model'], ahead })),
    );
    expect(many![0]!).toBeLessThan(one![0]!);
  });

  it('counts GPUs of its own', async () => {
    const inputs = await gatherInputs(
      completeScenario({ ...BASE, method: ['none', 'draft-model'], tp: 2, draftTp: 2 }),
      folderLibrary,
    );
    const [none, draft] = runScenario(inputs).rows;
    expect(none!.throughput_per_gpu_tok_per_s).toBe(none!.throughput_tok_per_s / 2);
    expect(draft!.throughput_per_gpu_tok_per_s).toBe(draft!.throughput_tok_per_s / 4);
  });
});

describe('what cannot be', () => {
  it.each([
    [
      '5,25GB/s',
      '--link draft, latency: missing unit: got "5", expected a positive quantity in s such as "5 us"',
    ],
    ['5us', '--link draft: got "5us", expected LATENCY,BANDWIDTH, such as 5us,25GB/s'],
    ['1us,1s', '--link draft, bandwidth: got "1 s", expected a positive quantity in B/s such as "3.35 TB/s"'],
  ])('%s', async (written, message) => {
    await expect(parseLink(written, '--link draft')).rejects.toThrow(new UserError(message));
  });

  it.each(['2,3', '0.5', '0.5,0', 'x,2', '0.5,2,3'])('--ahead %s', (written) => {
    expect(() => parseAhead(written)).toThrow(/^--ahead: got .*, expected CHANCE,OUTCOMES/);
  });

  it.each<[Options, string]>([
    [
      { method: ['self:int4', 'draft-model'], acceptance: { 'self:int4': '.8', 'draft-model': '.7' } },
      "--draft-gpu l4: self:int4 drafts on the target's own KV cache, expected methods with a draft model",
    ],
    [
      { method: ['draft-model'], link: { wire: '1us,1GB/s' } },
      '--link wire: unknown link, expected one of draft, stage, node, kv',
    ],
    [
      { method: ['draft-model'], link: { stage: '1us,1GB/s' } },
      '--link stage=1us,1GB/s has no effect with --pp 1',
    ],
  ])('%j', async (options, message) => {
    await expect(speed(options)).rejects.toThrow(new UserError(message));
  });
});
