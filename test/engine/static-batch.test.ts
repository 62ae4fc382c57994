/** Static batches against the same rounds priced one by one, and against the engine with one request at a time. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { noSeconds, PassWork, StepWork, totalSeconds } from '../../src/cost/work.ts';
import { assembleDrafter } from '../../src/drafter/assemble.ts';
import { draftSlots, type Method, parseMethod } from '../../src/drafter/methods.ts';
import { AS_RECORDED } from '../../src/drafter/replay.ts';
import { Engine } from '../../src/engine/engine.ts';
import { Closed } from '../../src/engine/load.ts';
import { plainRounds, type ReplayedRounds, replayRounds } from '../../src/engine/replayed-rounds.ts';
import {
  runStaticBatches,
  runStaticSteps,
  type StaticBatchRun,
  WeighedWork,
} from '../../src/engine/static-batch.ts';
import { FIXED } from '../../src/policy/policies.ts';
import { sampleAcceptance } from '../../src/trace/acceptance-spec.ts';
import type { PositionLengths } from '../../src/trace/trace.ts';
import { EVERY_METHOD } from '../every-method.ts';
import { Dearer, PlainPrices } from '../plain-prices.ts';
import { UNLIMITED } from '../serving.ts';

const MAX_K = 6;

/** Linear in the context up to `bendTokens` a query, as attention that outgrows the memory bandwidth. */
const bent = (bendTokens: number) =>
  new PlainPrices(
    ({ verify, drafts, searches, searchHits, switches }) => ({
      draftS: drafts.reduce(
        (sum, draft) =>
          sum +
          0.1 * draft.longest +
          0.01 * draft.catchUpTokens +
          1e-4 * draft.contextOfLength.reduce((a, b) => a + b),
        0.01 * searches + 0.02 * searchHits + 0.07 * switches,
      ),
      verifyS:
        1 +
        0.05 * verify.tokens +
        1e-3 * Math.max(verify.contextTokens, 2 * verify.contextTokens - verify.sequences * bendTokens),
      samplingS: 0.02 * verify.logitRows,
      overheadS: 0.3 + 1e-5 * verify.attentionPairs,
    }),
    (prompts) => ({ prefillS: 1 + 0.1 * prompts.tokens, overheadS: 1e-3 * prompts.attentionPairs }),
  );

/** Those that do the same whatever the batch and the machine. */
const METHODS = EVERY_METHOD.filter((name) => !['best', 'bandit'].includes(parseMethod(name).kind));

const anyCase = fc.record({
  prompts: fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 4 }),
  output: fc.integer({ min: 0, max: 60 }),
  method: fc.constantFrom(...METHODS),
  k: fc.integer({ min: 1, max: 5 }),
  ahead: fc.constantFrom(null, { chance: 0.6, outcomes: 3 }),
  rate: fc.double({ min: 0, max: 1, noNaN: true }),
  batch: fc.integer({ min: 1, max: 9 }),
  fit: fc.integer({ min: 1, max: 9 }),
  bendTokens: fc.constantFrom(0, 30, 50, 1e9),
});

function build({
  prompts,
  output,
  method: name,
  k,
  ahead,
  rate,
  fit,
  bendTokens,
}: typeof anyCase extends fc.Arbitrary<infer T> ? T : never) {
  const method = parseMethod(name);
  const outputTokens = Int32Array.from(prompts, (_, r) => output + r);
  const workload = { promptTokens: Int32Array.from(prompts), outputTokens };
  const acceptance = method.parts.map((part, i) =>
    sampleAcceptance([rate, rate / 2], outputTokens, part.name, i, {
      maxK: MAX_K,
      share: 1,
      drafted: MAX_K,
    }),
  );
  const blocks = method.parts.some(({ model }) => model?.drafting === 'block');
  const cost = bent(bendTokens);
  const deciding = {
    policy: FIXED.spec,
    cost,
    seed: 1,
    ahead,
    canvas: { block: 8, tokens: 2.6, refresh: null, ...workload },
  };
  const drafter = () => assembleDrafter(method, blocks ? MAX_K : k, acceptance, AS_RECORDED, deciding);
  const draftModels = draftSlots(method);
  return {
    requests: prompts.map((_, r) => r),
    drafter,
    parts: {
      workload,
      cost,
      draftModels,
      kvBlocks: Number.POSITIVE_INFINITY,
      blockTokens: 16,
      maxSequences: fit,
    },
    rounds: () => replayRounds(workload, drafter(), draftModels),
  };
}

const FEW = {
  prompts: [10, 20],
  output: 5000,
  method: 'eagle3',
  k: 3,
  ahead: null,
  rate: 0.7,
  batch: 1,
  fit: 64,
  bendTokens: 1e9,
} as const;

/** Without the room of columns that grow. */
function inUse(rounds: ReplayedRounds) {
  const tallies = rounds.firstTally.at(-1);
  return {
    ...rounds,
    context: rounds.context,
    tallyKind: rounds.tallyKind.slice(0, tallies),
    tallyCount: rounds.tallyCount.slice(0, tallies),
    tallyContext: rounds.tallyContext.slice(0, tallies),
  };
}

describe('static batches', () => {
  it('take as many rounds of plain decoding as a replay of it does', () => {
    fc.assert(
      fc.property(anyCase, (drawn) => {
        const { parts, rounds } = build({ ...drawn, method: 'none' });
        const plain = plainRounds(parts.workload);
        const replayed = rounds();
        expect(inUse(plain)).toEqual(inUse(replayed));
        for (let kind = 0; kind < replayed.kinds.length; kind++) {
          expect(plain.kinds.leastContext[kind]).toBe(replayed.kinds.leastContext[kind]);
          expect(plain.kinds.greatestContext[kind]).toBe(replayed.kinds.greatestContext[kind]);
        }
      }),
    );
  });

  it('cost what their rounds cost, one by one', () => {
    fc.assert(
      fc.property(anyCase, (drawn) => {
        const { requests, drafter, parts, rounds } = build(drawn);
        const run = runStaticBatches({ ...parts, rounds: rounds(), requests, copies: drawn.batch });
        const { workload, cost } = parts;
        const price = noSeconds();
        const work = new StepWork(parts.draftModels, 20);
        const prompt = new PassWork();
        let nowS = 0;
        const expected: {
          request: number;
          copies: number;
          arrivalS: number;
          firstTokenS: number;
          endS: number;
        }[] = [];
        let drafted = 0;
        for (const request of requests) {
          const arrivalS = nowS;
          for (let left = drawn.batch; left > 0; ) {
            const copies = Math.min(left, drawn.fit);
            left -= copies;
            const [tokens, length] = [workload.promptTokens[request]!, workload.outputTokens[request]!];
            Object.assign(prompt, {
              sequences: copies,
              tokens: copies * tokens,
              contextTokens: copies * tokens,
            });
            Object.assign(prompt, {
              attentionPairs: (copies * tokens * (tokens + 1)) / 2,
              logitRows: copies,
            });
            cost.pricePrefill(prompt, price);
            nowS += totalSeconds(price);
            const firstTokenS = nowS;
            const each = Array.from({ length: copies }, drafter);
            for (let position = 1; position < length; position += each[0]!.emitted) {
              const context = tokens + position;
              work.clear();
              let queries = 0;
              for (const one of each) {
                one.round(request, position, length - position, context, work);
                work.addRounds(1, context, one.verified);
                queries += one.verified.queries;
              }
              cost.priceStep(work, price);
              nowS += totalSeconds(price);
              drafted += work.drafted;
              expect(work.verify.tokens).toBe(queries);
            }
            expected.push({ request, copies, arrivalS, firstTokenS, endS: nowS });
          }
        }
        expect(run.finished.length).toBe(expected.length);
        [...run.finished].forEach((record, i) => {
          const one = expected[i]!;
          expect([record.request, record.copies]).toEqual([one.request, one.copies]);
          for (const key of ['arrivalS', 'firstTokenS', 'endS'] as const)
            expect(record[key]).toBeCloseTo(one[key], 7);
        });
        expect(run.makespanS).toBeCloseTo(nowS, 7);
        expect(totalSeconds(run.totals.all)).toBeCloseTo(nowS, 7);
        expect(run.totals.drafted).toBeCloseTo(drafted, 9);
      }),
      { numRuns: 300 },
    );
  });

  it('have the same steps where nothing else is asked, to the last bit', () => {
    fc.assert(
      fc.property(anyCase, (drawn) => {
        const { requests, parts, rounds } = build(drawn);
        const run = { ...parts, rounds: rounds(), requests, copies: drawn.batch };
        const { decode, decodeSteps, rounds: ran, drafted, emitted } = runStaticBatches(run).totals;
        expect(runStaticSteps(run)).toMatchObject({ decode, decodeSteps, rounds: ran, drafted, emitted });
      }),
    );
  });

  it('of one copy are what the engine does with one request at a time', () => {
    fc.assert(
      fc.property(anyCase, (drawn) => {
        const { requests, drafter, parts, rounds } = build({ ...drawn, fit: 1 });
        const run = runStaticBatches({ ...parts, rounds: rounds(), requests, copies: 1 });
        const engine = new Engine({
          ...parts,
          limits: UNLIMITED,
          load: new Closed(requests.length, 1),
          drafter: drafter(),
        });
        const makespanS = engine.run();
        expect(Math.abs(run.makespanS / makespanS - 1)).toBeLessThan(1e-9);
        for (const key of ['rounds', 'emitted', 'drafted', 'verified', 'accepted', 'decodeSteps'] as const) {
          expect(run.totals[key]).toBeCloseTo(engine.totals[key], 9);
        }
        for (const part of ['draftS', 'verifyS', 'samplingS', 'overheadS', 'prefillS'] as const) {
          expect(run.totals.all[part]).toBeCloseTo(engine.totals.all[part], 7);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('of an oracle take no longer than with any k, where each token is right or wrong whoever drafts it', () => {
    // Drafts that are tokens of the target's pass are dear: 3 of look-ahead are 91 in one round, and with k = 1 two rounds of 31.
    const basic = EVERY_METHOD.filter((name) => {
      const { kind, parts } = parseMethod(name);
      return kind === 'oracle' && parts[0]!.proposer !== 'verification';
    });
    // Whatever the context: rounds that are as many may stand later, and pairs of tokens are more in one pass than in two.
    const cost = new PlainPrices(({ verify, drafts }) => ({
      draftS: drafts.reduce((sum, draft) => sum + 0.1 * draft.longest + 0.01 * draft.catchUpTokens, 0),
      verifyS: 1.3 + 0.05 * verify.tokens,
      samplingS: 0.02 * verify.logitRows,
    }));
    const hits = fc.array(fc.boolean(), { minLength: 2, maxLength: 80 });
    fc.assert(
      fc.property(fc.constantFrom(...basic), hits, anyCase, (name, right, { k }) => {
        const emitted = right.map((_, p) => {
          const miss = right.indexOf(false, p);
          return 1 + Math.min(MAX_K, (miss < 0 ? right.length : miss) - p);
        });
        const lengths: PositionLengths = {
          maxK: MAX_K,
          offsets: Int32Array.of(0, right.length),
          emitted: Uint8Array.from(emitted),
          proposed: 'always',
          kind: 'recording',
        };
        const workload = {
          promptTokens: Int32Array.of(9),
          outputTokens: Int32Array.of(right.length),
        };
        const seconds = (method: Method) => {
          const blocks = method.parts[0]!.model?.drafting === 'block';
          const drafter = assembleDrafter(method, blocks ? MAX_K : k, [lengths], AS_RECORDED);
          const rounds = replayRounds(workload, drafter, draftSlots(method));
          const { parts } = build({ ...FEW, prompts: [9], output: right.length });
          return runStaticBatches({ ...parts, cost, workload, rounds, requests: [0], copies: 1 }).makespanS;
        };
        const oracle = parseMethod(name);
        expect(seconds(oracle)).toBeLessThan((1 + 1e-12) * seconds(parseMethod(oracle.parts[0]!.name)));
      }),
    );
  });

  it('lose as much throughput as their weighed seconds grow, whichever part of the price grows', () => {
    const more = 1e-5;
    const throughput = ({ finished }: StaticBatchRun): number => {
      const ends = new Map(
        [...finished].map(({ request, tokens, arrivalS, endS }) => [request, tokens / (endS - arrivalS)]),
      );
      return [...ends.values()].reduce((sum, one) => sum + one, 0);
    };
    const parts = fc.constantFrom('draftS', 'verifyS', 'samplingS', 'overheadS', 'prefillS');
    fc.assert(
      fc.property(anyCase, parts, (drawn, part) => {
        const { requests, parts, rounds } = build({ ...drawn, output: drawn.output + 1, bendTokens: 1e9 });
        const replayed = rounds();
        const run = { ...parts, rounds: replayed, requests, copies: drawn.batch };
        const dearer = new Dearer(parts.cost, part, 1 + more);
        const work = new WeighedWork(run);
        const change = Math.log(
          throughput(runStaticBatches({ ...run, cost: dearer })) / throughput(runStaticBatches(run)),
        );
        expect(-Math.log(work.seconds(dearer) / work.seconds(parts.cost)) / more).toBeCloseTo(
          change / more,
          3,
        );
      }),
    );
  });

  it('price three steps of each kind of round, however many rounds there are', () => {
    const one = build({ ...FEW, prompts: [...FEW.prompts] });
    const rounds = one.rounds();
    runStaticBatches({ ...one.parts, rounds, requests: one.requests, copies: 64 });
    expect(rounds.kinds.length).toBeLessThan(10);
    expect(one.parts.cost.priced).toBeLessThanOrEqual(3 * rounds.kinds.length);
  });
});
