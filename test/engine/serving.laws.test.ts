/** What holds whatever is served: random requests, limits, loads and replicas, thousands of small runs. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { totalSeconds } from '../../src/cost/work.ts';
import { parseMethod, takesK } from '../../src/drafter/methods.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { Closed, Open } from '../../src/engine/load.ts';
import type { TokenGaps } from '../../src/engine/records.ts';
import { ROUTERS, routerNamed } from '../../src/engine/router.ts';
import type { PositionLengths } from '../../src/trace/trace.ts';
import { PlainPrices } from '../plain-prices.ts';
import { engineOf, MAX_K, poisson, type Setting, Stopwatch, serve, steady } from '../serving.ts';

const anyRequest = fc.integer({ min: 1, max: 25 }).chain((output) =>
  fc.record({
    prompt: fc.integer({ min: 1, max: 60 }),
    emitted: fc.array(fc.integer({ min: 1, max: MAX_K + 1 }), { minLength: output, maxLength: output }),
    extra: fc.integer({ min: 0, max: MAX_K }),
    /** Which of few prompts it begins like. */
    family: fc.integer({ min: 0, max: 2 }),
  }),
);

const anySetting = fc.record({
  requests: fc.array(anyRequest, { minLength: 1, maxLength: 16 }),
  method: fc.constantFrom(
    'none',
    'ngram',
    'eagle3',
    'draft-model',
    'oracle:eagle3',
    'combined:ngram+eagle3',
    'hybrid:ngram+mtp',
  ),
  /** Whether who drafts proposes in every round, as models do. */
  always: fc.boolean(),
  k: fc.integer({ min: 1, max: MAX_K }),
  load: fc.constantFrom('closed', 'at once', 'poisson'),
  concurrency: fc.integer({ min: 1, max: 8 }),
  maxSequences: fc.integer({ min: 1, max: 9 }),
  maxBatchedTokens: fc.integer({ min: 1, max: 90 }),
  blockTokens: fc.integer({ min: 1, max: 20 }),
  /** KV memory, as a multiple of what the largest request needs. */
  room: fc.double({ min: 1, max: 4, noNaN: true }),
  policy: fc.constantFrom('fixed', 'off-above:1', 'off-above:2', 'off-above:4', 'per-request'),
  /** KV blocks that a hash stands for; 0: no prefix is shared. */
  hashBlocks: fc.integer({ min: 0, max: 2 }),
  replicas: fc.integer({ min: 1, max: 3 }),
  router: fc.constantFrom(...ROUTERS),
  seed: fc.integer({ min: 1, max: 1000 }),
});
type AnySetting = typeof anySetting extends fc.Arbitrary<infer T> ? T : never;

function build(drawn: AnySetting): Setting & { kvBlocks: number } {
  const { requests, method, k, blockTokens, hashBlocks } = drawn;
  const prompts = requests.map((request) => request.prompt);
  const outputs = requests.map((request) => request.emitted.length);
  const acceptance: PositionLengths = {
    ...steady(outputs, 1),
    emitted: Uint8Array.from(requests.flatMap((request) => request.emitted)),
    proposed: drawn.always
      ? 'always'
      : Uint8Array.from(
          requests.flatMap(({ emitted, extra }) =>
            emitted.map((value) => Math.min(value - 1 + extra, MAX_K)),
          ),
        ),
  };
  const drafts = method === 'none' ? 0 : takesK(parseMethod(method)) ? k : MAX_K;
  const largest = Math.max(...prompts.map((prompt, r) => prompt + outputs[r]! + drafts));
  const hashTokens = hashBlocks * blockTokens;
  const lists = requests.map(({ prompt, family }, r) =>
    Array.from({ length: hashTokens === 0 ? 0 : Math.ceil(prompt / hashTokens) }, (_, b) =>
      b < 2 ? 10 * family + b : 1000 * (r + 1) + b,
    ),
  );
  const arrivals = {
    closed: () => new Closed(requests.length, drawn.concurrency),
    'at once': () => new Open(new Float64Array(requests.length)),
    poisson: () => new Open(poisson(requests.length, 0.5, drawn.seed)),
  };
  return {
    prompts,
    outputs,
    method,
    k,
    load: arrivals[drawn.load as keyof typeof arrivals](),
    ...(method === 'none' ? {} : { acceptance }),
    cost: new Stopwatch(
      ({ tokens, contextTokens }) => 0.01 * tokens + 1e-4 * contextTokens + 0.1,
      ({ tokens }) => 0.02 * tokens,
    ),
    kvBlocks: Math.ceil((drawn.room * largest) / blockTokens),
    blockTokens,
    maxSequences: drawn.maxSequences,
    maxBatchedTokens: drawn.maxBatchedTokens,
    policy: drawn.policy,
    ...(hashBlocks > 0 && {
      prefixHashes: {
        offsets: Int32Array.from([0, ...lists.map((_, i) => lists.slice(0, i + 1).flat().length)]),
        hashes: lists.flat(),
        blockTokens: hashTokens,
      },
    }),
    replicas: drawn.replicas,
    router: routerNamed(drawn.router),
  };
}

/** Like an expectation, for what is checked at every step of thousands of runs. */
function hold(law: boolean, name: string): void {
  if (!law) throw new Error(`broken: ${name}`);
}

const sum = (values: Iterable<number>): number => [...values].reduce((a, b) => a + b, 0);

/** Over all requests that had them. */
const sumOfGaps = ({ count, requests }: TokenGaps, of: (gap: number) => number): number =>
  sum(Array.from({ length: count }, (_, g) => requests[g]! * of(g)));

describe('any serving', () => {
  it('conserves tokens, requests, memory and time', () => {
    fc.assert(
      fc.property(anySetting, (drawn) => {
        const setting = build(drawn);
        const { prompts, outputs, kvBlocks } = setting;
        const cost = setting.cost as Stopwatch;
        let lastEndS = 0;
        let emittedSoFar = 0;
        const endOfStep = new Float64Array(drawn.replicas);
        const { finished, totals, gaps, makespanS, unfinished, replicas } = serve({
          ...setting,
          onStep: (step, engine: Engine) => {
            const { parts, startS, replica } = step;
            const endS = startS + totalSeconds(parts);
            hold(endS >= lastEndS - 1e-12, 'steps end in order');
            hold(startS >= endOfStep[replica]!, 'a replica runs one step at a time');
            lastEndS = endS;
            endOfStep[replica] = endS - 1e-12;
            emittedSoFar += step.emitted;
            hold(step.emitted >= step.decodeSequences, 'a round emits');
            hold(step.prefillTokens + step.decodeSequences > 0, 'a step does something');
            hold(step.kvUsedBlocks > 0, 'what runs is in memory');
            for (const { usedBlocks } of engine.replicas) {
              hold(usedBlocks >= 0 && usedBlocks <= kvBlocks, 'memory is within its capacity');
            }
          },
        });
        // Nobody is lost, stuck or served twice, and each has exactly what it wants.
        assert.deepEqual(
          finished.map(({ request }) => request).sort((a, b) => a - b),
          prompts.map((_, r) => r),
        );
        assert.equal(unfinished, 0);
        for (const record of finished) {
          const { request, arrivalS, admittedS, firstTokenS, endS } = record;
          hold(record.tokens === outputs[request] && record.promptTokens === prompts[request], 'lengths');
          hold(arrivalS <= admittedS && admittedS < firstTokenS, 'arrival, admission, first token');
          hold(firstTokenS <= endS && endS <= makespanS, 'first token, end');
        }
        const wanted = sum(outputs);
        assert.equal(totals.emitted + totals.prefills, wanted);
        assert.equal(emittedSoFar, wanted);
        assert.equal(sumOfGaps(gaps, (g) => gaps.tokens[g]!) + outputs.length, wanted);
        const decodingS = sum(finished.map((record) => record.endS - record.firstTokenS));
        hold(Math.abs(sumOfGaps(gaps, (g) => gaps.gapS[g]!) - decodingS) < 5e-7, 'time between tokens');
        assert.equal(totals.accepted, totals.emitted - totals.rounds);
        hold(totals.drafted >= totals.accepted, 'what is accepted was drafted');
        assert.equal(totals.preemptions, sum(finished.map((record) => record.preemptions)));
        if (totals.preemptions === 0) {
          assert.equal(totals.prefillTokens + totals.cachedTokens, sum(prompts));
          assert.equal(totals.prefills, outputs.length);
        } else {
          hold(totals.prefillTokens + totals.cachedTokens > sum(prompts) - 1, 'prompts are computed again');
        }
        if (drawn.hashBlocks === 0) assert.equal(totals.cachedTokens, 0);
        // Memory is given back, and no step is larger than its limits.
        for (const { usedBlocks, requests, toCompute } of replicas)
          hold(usedBlocks === 0 && requests === 0 && toCompute === 0, 'nothing is left behind');
        hold(totals.kvPeakBlocks <= kvBlocks, 'the peak is within the capacity');
        for (const { decode, prompts: chunks } of cost.steps) {
          hold(decode.tokens + chunks.tokens <= drawn.maxBatchedTokens, 'the token budget');
          hold(decode.sequences + chunks.sequences <= drawn.maxSequences, 'the sequence limit');
          const inMemory = decode.contextTokens + chunks.contextTokens <= kvBlocks * drawn.blockTokens;
          hold(drawn.hashBlocks > 0 || inMemory, 'what is read is in memory');
        }
        const busyS = totalSeconds(totals.all);
        hold(busyS <= drawn.replicas * makespanS * (1 + 1e-12), 'no replica is busier than time goes');
        if (drawn.load !== 'poisson' && drawn.replicas === 1)
          hold(Math.abs(busyS / makespanS - 1) < 5e-10, 'one replica never idles');
      }),
      { numRuns: 2500 },
    );
  });

  it('gives the same result again', () => {
    fc.assert(
      fc.property(anySetting, (drawn) => {
        const outcome = () => {
          const { finished, totals, gaps, makespanS } = serve(build(drawn));
          return { finished, totals, gaps, makespanS };
        };
        assert.deepEqual(outcome(), outcome());
      }),
      { numRuns: 200 },
    );
  });

  it('stops at the horizon with everybody accounted for, and all that ended by then ended the same', () => {
    fc.assert(
      fc.property(anySetting, fc.double({ min: 0, max: 1, noNaN: true }), (drawn, share) => {
        const whole = serve(build(drawn));
        const horizonS = share * whole.makespanS;
        const engine = engineOf({ ...build(drawn), horizonS });
        const endS = engine.run();
        expect(endS).toBeLessThanOrEqual(horizonS);
        const byThen = whole.finished.filter((record) => record.endS <= horizonS);
        assert.deepEqual([...engine.finished], byThen);
        const arrived = whole.finished.filter((record) => record.arrivalS <= horizonS).length;
        expect(engine.unfinished).toBe(arrived - byThen.length);
        expect(engine.totals.emitted).toBeLessThanOrEqual(whole.totals.emitted);
      }),
      { numRuns: 300 },
    );
  });

  /** Everything that a run leaves behind. */
  const outcome = (setting: Setting) => {
    const { finished, totals, gaps, makespanS } = serve(setting);
    const { steps, catchUps } = setting.cost as Stopwatch;
    return { finished, totals, gaps, makespanS, steps, catchUps };
  };

  it('takes the rounds of a step at once, and those known ahead, as it would one by one', () => {
    fc.assert(
      fc.property(anySetting, (drawn) => {
        const setting = () => build({ ...drawn, always: true });
        const plain = outcome({ ...setting(), without: ['rounds', 'known'] });
        assert.deepEqual(outcome({ ...setting(), without: ['known'] }), plain);
        assert.deepEqual(outcome(setting()), plain);
      }),
      { numRuns: 500 },
    );
  });

  it('goes from step to step alone as it does beside a replica that nobody asks', () => {
    fc.assert(
      fc.property(anySetting, fc.double({ min: 0, max: 1, noNaN: true }), (drawn, share) => {
        const alone = () => build({ ...drawn, replicas: 1 });
        // Beside another, every step waits for the calendar.
        const beside = () => ({ ...build({ ...drawn, replicas: 2 }), router: { choose: () => 0 } });
        const whole = outcome(beside());
        assert.deepEqual(outcome(alone()), whole);
        const horizonS = share * whole.makespanS;
        assert.deepEqual(outcome({ ...alone(), horizonS }), outcome({ ...beside(), horizonS }));
      }),
      { numRuns: 300 },
    );
  });

  it('goes on ahead after steps in which something was short', () => {
    const long = fc.record({
      requests: fc.array(
        fc.integer({ min: 40, max: 400 }).chain((output) =>
          fc.record({
            prompt: fc.integer({ min: 1, max: 60 }),
            emitted: fc.array(fc.integer({ min: 1, max: MAX_K + 1 }), {
              minLength: output,
              maxLength: output,
            }),
            extra: fc.constant(0),
            family: fc.integer({ min: 0, max: 2 }),
          }),
        ),
        { minLength: 2, maxLength: 6 },
      ),
      method: fc.constantFrom('none', 'eagle3', 'draft-model'),
      room: fc.double({ min: 1, max: 3, noNaN: true }),
      load: fc.constantFrom('closed', 'poisson'),
      policy: fc.constant('fixed'),
    });
    fc.assert(
      fc.property(anySetting, long, (drawn, requests) => {
        const setting = () => build({ ...drawn, ...requests, always: true });
        assert.deepEqual(outcome(setting()), outcome({ ...setting(), without: ['known'] }));
      }),
      { numRuns: 60 },
    );
  });

  it('with one replica does not care how requests are spread', () => {
    fc.assert(
      fc.property(anySetting, (drawn) => {
        const run = (router: AnySetting['router']) =>
          serve(build({ ...drawn, replicas: 1, router })).finished;
        for (const router of ROUTERS) assert.deepEqual(run(router), run('round-robin'));
      }),
      { numRuns: 100 },
    );
  });
});

describe('memory', () => {
  it('preempts once where two equal requests start together and cannot end together', () => {
    const size = fc.integer({ min: 2, max: 30 });
    fc.assert(
      fc.property(size, size, fc.double({ min: 0, max: 1, noNaN: true }), (prompt, output, share) => {
        // The last token is never in memory.
        const alone = prompt + output - 1;
        const kvBlocks = Math.round(alone * (1 + 1.2 * share));
        const setting = { prompts: [prompt, prompt], outputs: [output, output], kvBlocks, blockTokens: 1 };
        const { totals } = serve({ ...setting, load: new Closed(2, 2) });
        // Less memory starts one after the other: more memory may well cause more preemptions, up to a point.
        expect(totals.preemptions).toBe(kvBlocks < 2 * prompt || kvBlocks >= 2 * alone ? 0 : 1);
      }),
      { numRuns: 300 },
    );
  });

  it('that is enough for all causes none', () => {
    fc.assert(
      fc.property(anySetting, (drawn) => {
        expect(serve({ ...build(drawn), kvBlocks: 1e6 }).totals.preemptions).toBe(0);
      }),
      { numRuns: 200 },
    );
  });
});

describe('M/D/1', () => {
  it.each([0.3, 0.6, 0.8])('waits rho D / (2 (1 - rho)) on average: rho = %f', (rho) => {
    const requests = 100_000;
    const durationS = 0.5;
    const cost = new PlainPrices(
      () => ({}),
      () => ({ prefillS: durationS }),
    );
    const ones = new Array<number>(requests).fill(1);
    const { finished } = serve({
      prompts: ones,
      outputs: ones,
      load: new Open(poisson(requests, rho / durationS, 7)),
      maxSequences: 1,
      cost,
    });
    const waitS = sum(finished.map(({ admittedS, arrivalS }) => admittedS - arrivalS)) / requests;
    const formula = (rho * durationS) / (2 * (1 - rho));
    // Batches of 1000: the means of 100 batches give the standard error.
    const means = Array.from({ length: 100 }, (_, b) => {
      const batch = finished.slice(1000 * b, 1000 * (b + 1));
      return sum(batch.map(({ admittedS, arrivalS }) => admittedS - arrivalS)) / 1000;
    });
    const error = Math.sqrt(sum(means.map((mean) => (mean - waitS) ** 2)) / 99 / 100);
    expect(error / formula).toBeLessThan(0.05);
    expect(Math.abs(waitS - formula)).toBeLessThan(4 * error);
  });
});
