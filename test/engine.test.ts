/** The engine in virtual time: order of events, memory, loads, and what is conserved whatever happens. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CostModel, noSeconds, type PartSeconds, totalSeconds } from '../src/cost/work.ts';
import { assembleDrafter } from '../src/drafter/assemble.ts';
import { parseMethod } from '../src/drafter/methods.ts';
import { AS_RECORDED } from '../src/drafter/replay.ts';
import { Calendar, type Event } from '../src/engine/calendar.ts';
import { Engine, type EngineParts, sequenceTokens } from '../src/engine/engine.ts';
import { KvMemory } from '../src/engine/kv-memory.ts';
import { Clones, Closed, type Load, Poisson } from '../src/engine/load.ts';
import { measure } from '../src/metrics/measure.ts';
import { folderLibrary } from '../src/node/folder-library.ts';
import { gatherInputs } from '../src/scenario/inputs.ts';
import { completeScenario } from '../src/scenario/options.ts';
import { runScenario } from '../src/scenario/run.ts';
import type { PositionLengths } from '../src/trace/trace.ts';

const MAX_K = 5;

const arrival = (request: number): Event => ({ kind: 'arrival', request });

describe('the calendar', () => {
  it('goes by time, then by order of scheduling', () => {
    const calendar = new Calendar();
    [3, 1, 2, 1, 3, 1].forEach((timeS, i) => {
      calendar.schedule(timeS, arrival(i));
    });
    const order: [number, Event | undefined][] = [];
    while (calendar.nextS < Number.POSITIVE_INFINITY) {
      const event = calendar.take();
      order.push([calendar.nowS, event]);
    }
    expect(order).toEqual([
      [1, arrival(1)],
      [1, arrival(3)],
      [1, arrival(5)],
      [2, arrival(2)],
      [3, arrival(0)],
      [3, arrival(4)],
    ]);
    expect(calendar.take()).toBeUndefined();
    expect(calendar.nowS).toBe(3);
  });

  it('never goes back, but may stand still', () => {
    const calendar = new Calendar();
    calendar.schedule(2, arrival(0));
    calendar.take();
    expect(() => calendar.schedule(1.999, arrival(1))).toThrow('event arrival at 1.999 s, before 2 s');
    expect(() => calendar.schedule(Number.NaN, { kind: 'step-end' })).toThrow('event step-end at NaN s');
    calendar.schedule(2, arrival(2));
    expect(calendar.take()).toEqual(arrival(2));
  });

  it('gives what a sorted list gives, however scheduling and taking are mixed', () => {
    const delays = fc.integer({ min: 0, max: 5 });
    fc.assert(
      fc.property(fc.array(fc.option(delays, { nil: 'take' as const }), { maxLength: 200 }), (actions) => {
        const calendar = new Calendar();
        let list: { timeS: number; event: Event }[] = [];
        const takeBoth = () => {
          // The first of the least: stable, since later ones stand further back.
          const first = list.reduce<(typeof list)[0] | undefined>(
            (least, entry) => (least === undefined || entry.timeS < least.timeS ? entry : least),
            undefined,
          );
          expect(calendar.nextS).toBe(first?.timeS ?? Number.POSITIVE_INFINITY);
          expect(calendar.take()).toBe(first?.event);
          if (first !== undefined) expect(calendar.nowS).toBe(first.timeS);
          list = list.filter((entry) => entry !== first);
        };
        for (const [i, action] of actions.entries()) {
          if (action === 'take') {
            takeBoth();
            continue;
          }
          const entry = { timeS: calendar.nowS + action, event: arrival(i) };
          calendar.schedule(entry.timeS, entry.event);
          list.push(entry);
        }
        while (list.length > 0) takeBoth();
        takeBoth();
      }),
    );
  });
});

describe('KV memory', () => {
  it('is counted in whole blocks', () => {
    const memory = new KvMemory(100, 16); // 6 blocks
    expect([memory.room(1), memory.room(16), memory.room(17), memory.room(97)]).toEqual([6, 6, 3, 0]);
    memory.take(2, 17);
    expect(memory.usedBlocks).toBe(4);
    expect([memory.room(16), memory.room(33)]).toEqual([2, 0]);
    memory.giveBack(1, 17);
    expect(memory.usedBlocks).toBe(2);
    memory.giveBack(1, 17);
    expect(memory.room(96)).toBe(1);
  });

  it('refuses to take more than there is or give back more than was taken', () => {
    const memory = new KvMemory(32, 16);
    expect(() => memory.take(3, 16)).toThrow('more KV blocks taken than there are');
    expect(() => new KvMemory(32, 16).giveBack(1, 1)).toThrow('more KV blocks given back than taken');
  });

  it('may be infinite', () => {
    const memory = new KvMemory(Number.POSITIVE_INFINITY, 16);
    memory.take(1e6, 1e6);
    expect(memory.room(1e6)).toBe(Number.POSITIVE_INFINITY);
  });
});

/** What one step was asked to do. */
interface Step {
  readonly kind: 'prefill' | 'decode';
  readonly sequences: number;
  readonly tokens: number;
  readonly contextTokens: number;
  readonly attentionPairs: number;
  readonly logitRows: number;
}

/** A prefill takes 10 s and a decode step 1 s, or whatever `seconds` says of them; keeps what it was asked. */
class Stopwatch implements CostModel {
  readonly name = 'stopwatch';
  readonly steps: Step[] = [];
  readonly #seconds: (step: Step) => number;

  constructor(seconds: (step: Step) => number = ({ kind }) => (kind === 'prefill' ? 10 : 1)) {
    this.#seconds = seconds;
  }

  priceStep(work: Parameters<CostModel['priceStep']>[0], cost: PartSeconds): void {
    const step = { ...work.verify, kind: 'decode' as const };
    this.steps.push(step);
    const seconds = this.#seconds(step);
    const drafting = work.drafts.reduce((sum, draft) => sum + draft.longest, 0) / 16;
    Object.assign(cost, noSeconds(), {
      draftS: drafting,
      verifyS: 0.75 * seconds,
      overheadS: 0.25 * seconds,
    });
  }

  pricePrefill(prompts: Parameters<CostModel['pricePrefill']>[0], cost: PartSeconds): void {
    const step = { ...prompts, kind: 'prefill' as const };
    this.steps.push(step);
    Object.assign(cost, noSeconds(), { prefillS: this.#seconds(step) });
  }
}

interface Setting {
  readonly prompts: readonly number[];
  readonly outputs: readonly number[];
  readonly load: Load;
  readonly method?: string;
  readonly k?: number;
  readonly acceptance?: PositionLengths;
  readonly cost?: CostModel;
  readonly kvCapacityTokens?: number;
  readonly blockTokens?: number;
  readonly maxSequences?: number;
}

function simulate(setting: Setting) {
  const { prompts, outputs, method: name = 'none', acceptance } = setting;
  const method = parseMethod(name);
  const parts: EngineParts = {
    workload: { promptTokens: Int32Array.from(prompts), outputTokens: Int32Array.from(outputs) },
    load: setting.load,
    drafter: assembleDrafter(
      method,
      setting.k ?? MAX_K,
      acceptance === undefined ? [] : [acceptance],
      AS_RECORDED,
    ),
    cost: setting.cost ?? new Stopwatch(),
    draftModels: method.parts.filter((part) => part.model !== undefined).length,
    maxK: method.kind === 'none' ? 0 : MAX_K,
    kvCapacityTokens: setting.kvCapacityTokens ?? Number.POSITIVE_INFINITY,
    blockTokens: setting.blockTokens ?? 16,
    maxSequences: setting.maxSequences ?? Number.POSITIVE_INFINITY,
  };
  const engine = new Engine(parts);
  const makespanS = engine.run();
  return { finished: engine.finished, totals: engine.totals, makespanS };
}

const all = (requests: readonly unknown[]): number[] => requests.map((_, r) => r);

/** The same acceptance at every position: `emitted` tokens a round. */
function steady(outputs: readonly number[], emitted: number): PositionLengths {
  const offsets = new Int32Array(outputs.length + 1);
  outputs.forEach((tokens, r) => {
    offsets[r + 1] = offsets[r]! + tokens;
  });
  return {
    maxK: MAX_K,
    offsets,
    emitted: new Uint8Array(offsets.at(-1)!).fill(emitted),
    proposed: 'always',
    kind: 'fitted',
  };
}

describe('a run by hand', () => {
  it('prefills newcomers in a step of their own while the others wait', () => {
    const outputs = [3, 5, 2];
    const { finished, makespanS } = simulate({
      prompts: [4, 4, 4],
      outputs,
      load: new Closed(all(outputs), 2),
    });
    // 0 to 10 both prefill; request 0 ends at 12; 12 to 22 request 2 prefills; the others go on.
    const record = (request: number, arrivalS: number, firstTokenS: number, endS: number) => ({
      request,
      copies: 1,
      tokens: outputs[request],
      arrivalS,
      firstTokenS,
      endS,
    });
    expect(finished).toEqual([record(0, 0, 10, 12), record(2, 12, 22, 23), record(1, 0, 10, 24)]);
    expect(makespanS).toBe(24);
  });

  it('states the work of every step', () => {
    const cost = new Stopwatch();
    const outputs = [4];
    const load = new Clones([0], 2);
    simulate({ prompts: [10], outputs, load, cost, method: 'eagle3', k: 2, acceptance: steady(outputs, 2) });
    const steps: Step[] = [
      { kind: 'prefill', sequences: 2, tokens: 20, contextTokens: 20, attentionPairs: 110, logitRows: 2 },
      // One output token exists: its 3 queries attend to 11, 12 and 13 tokens.
      { kind: 'decode', sequences: 2, tokens: 6, contextTokens: 26, attentionPairs: 72, logitRows: 6 },
      { kind: 'decode', sequences: 2, tokens: 6, contextTokens: 30, attentionPairs: 84, logitRows: 6 },
    ];
    expect(cost.steps).toEqual(steps);
  });

  it('sums rounds and tokens over copies, the prefill token in none', () => {
    const outputs = [6];
    const load = new Clones([0], 3);
    const { totals } = simulate({
      prompts: [1],
      outputs,
      load,
      method: 'eagle3',
      k: 2,
      acceptance: steady(outputs, 2),
    });
    // Rounds emit 2, 2 and the last 1.
    expect(totals).toMatchObject({ decodeSteps: 3, rounds: 9, emitted: 15, drafted: 18, accepted: 6 });
    expect(totals.all.prefillS).toBe(10);
    expect(totals.decode.prefillS).toBe(0);
    expect(totalSeconds(totals.decode)).toBeCloseTo(3 * (1 + 2 / 16), 12);
  });

  it('ends a request of one token with its prefill', () => {
    const { finished, totals } = simulate({ prompts: [5], outputs: [1], load: new Clones([0], 2) });
    expect(finished).toMatchObject([{ firstTokenS: 10, endS: 10, copies: 2 }]);
    expect(totals).toMatchObject({ rounds: 0, emitted: 0, decodeSteps: 0 });
  });

  it('admits in order: what does not fit holds up what would', () => {
    const outputs = [3, 3, 3];
    const { finished } = simulate({
      prompts: [10, 20, 1],
      outputs,
      load: new Closed(all(outputs), 3),
      kvCapacityTokens: 25,
      blockTokens: 1,
    });
    expect(finished.map(({ request, firstTokenS }) => [request, firstTokenS])).toEqual([
      [0, 10],
      [1, 22],
      [2, 34],
    ]);
  });

  it('runs at most the engine’s number of sequences', () => {
    const cost = new Stopwatch();
    const outputs = [3, 4, 5, 6, 7];
    simulate({ prompts: outputs, outputs, load: new Closed(all(outputs), 5), cost, maxSequences: 2 });
    expect(Math.max(...cost.steps.map((step) => step.sequences))).toBe(2);
  });

  it('prefills together what arrives at the same time', () => {
    const cost = new Stopwatch();
    const load: Load = {
      start(engine) {
        for (const request of [0, 1, 2]) engine.arriveAt(5, request);
      },
      ended() {},
    };
    const { makespanS } = simulate({ prompts: [1, 1, 1], outputs: [1, 1, 1], load, cost });
    expect(cost.steps.map((step) => step.sequences)).toEqual([3]);
    expect(makespanS).toBe(15);
  });

  it('says so when a request can never fit', () => {
    const load = new Clones([0], 1);
    expect(() => simulate({ prompts: [50], outputs: [5], load, kvCapacityTokens: 40 })).toThrow(
      'the run ended with requests in the engine',
    );
  });
});

describe('clones', () => {
  it('run one batch at a time', () => {
    const outputs = [3, 9, 1, 5];
    const { finished, totals } = simulate({ prompts: outputs, outputs, load: new Clones([2, 0, 3, 1], 7) });
    expect(finished.map((record) => record.request)).toEqual([2, 0, 3, 1]);
    let endS = 0;
    for (const record of finished) {
      expect(record.copies).toBe(7);
      expect(record.arrivalS).toBe(endS);
      endS = record.endS;
    }
    expect(totals.splitEntries).toBe(0);
  });

  it('that do not fit wait for the first, and the wall time of the batch covers all waves', () => {
    const cost = new Stopwatch();
    const { finished, totals, makespanS } = simulate({
      prompts: [9, 9],
      outputs: [3, 3],
      load: new Clones([0, 1], 5),
      cost,
      kvCapacityTokens: 2 * 12,
      blockTokens: 12,
    });
    const waves = (request: number) =>
      finished.filter((record) => record.request === request).map((record) => [record.copies, record.endS]);
    expect(waves(0)).toEqual([
      [2, 12],
      [2, 24],
      [1, 36],
    ]);
    expect(waves(1).map(([copies]) => copies)).toEqual([2, 2, 1]);
    expect(finished[3]!.arrivalS).toBe(36);
    expect(totals.splitEntries).toBeGreaterThan(0);
    const measures = measure('clones', finished, totals, makespanS);
    expect(measures.throughput_tok_per_s).toBeCloseTo((5 * 3) / 36, 12);
    expect(measures.requests).toBe(2);
  });
});

describe('a closed loop', () => {
  it('keeps its concurrency, refilled at once', () => {
    const outputs = Array.from({ length: 40 }, (_, r) => 1 + ((r * 7) % 11));
    const cost = new Stopwatch();
    const { finished } = simulate({ prompts: outputs, outputs, load: new Closed(all(outputs), 4), cost });
    expect(Math.max(...cost.steps.map((step) => step.sequences))).toBe(4);
    // Request i comes when the (i - 4)th to end has ended.
    const endsS = finished.map((record) => record.endS).sort((a, b) => a - b);
    const arrivalsS = outputs.map((_, r) => finished.find(({ request }) => request === r)!.arrivalS);
    expect(arrivalsS.slice(0, 4)).toEqual([0, 0, 0, 0]);
    expect(arrivalsS.slice(4)).toEqual(endsS.slice(0, -4));
    // All four decode in every step until no request is left to come.
    const lastPrefill = cost.steps.findLastIndex((step) => step.kind === 'prefill');
    const decodes = cost.steps.slice(0, lastPrefill).filter((step) => step.kind === 'decode');
    expect(decodes.length).toBeGreaterThan(20);
    expect(new Set(decodes.map((step) => step.sequences))).toEqual(new Set([4]));
  });

  it('of more than there are starts them all', () => {
    const { finished } = simulate({ prompts: [1, 1], outputs: [2, 2], load: new Closed([0, 1], 9) });
    expect(finished.map((record) => record.arrivalS)).toEqual([0, 0]);
  });
});

describe('open arrivals', () => {
  const requests = 4000;
  const ones = Array.from({ length: requests }, () => 1);
  const arrivals = (ratePerS: number, seed: number, stepS: number): number[] => {
    const load = new Poisson(all(ones), ratePerS, seed);
    const cost = new Stopwatch(() => stepS);
    const { finished } = simulate({ prompts: ones, outputs: ones, load, cost });
    return finished.sort((a, b) => a.request - b.request).map((record) => record.arrivalS);
  };

  it('depend on the seed and the rate alone', () => {
    const one = arrivals(50, 1, 1e-3);
    expect(arrivals(50, 1, 0.5)).toEqual(one);
    expect(arrivals(50, 2, 1e-3)).not.toEqual(one);
    arrivals(100, 1, 1e-3).forEach((timeS, r) => {
      expect(timeS).toBeCloseTo(one[r]! / 2, 9);
    });
  });

  it('are exponential at the rate', () => {
    const timesS = arrivals(50, 1, 1e-3);
    const gaps = timesS.map((timeS, r) => 50 * (timeS - (timesS[r - 1] ?? 0)));
    const mean = gaps.reduce((sum, gap) => sum + gap, 0) / requests;
    const square = gaps.reduce((sum, gap) => sum + gap * gap, 0) / requests;
    // Standard errors of the first two moments: 1 and sqrt(20) over the root of the number.
    expect(Math.abs(mean - 1)).toBeLessThan(4 / Math.sqrt(requests));
    expect(Math.abs(square - 2)).toBeLessThan((4 * Math.sqrt(20)) / Math.sqrt(requests));
  });

  it('find the engine idle at times: then the makespan is longer than the work', () => {
    const { makespanS, totals } = simulate({
      prompts: ones.slice(0, 50),
      outputs: ones.slice(0, 50),
      load: new Poisson(all(ones.slice(0, 50)), 1, 1),
      cost: new Stopwatch(() => 0.01),
    });
    expect(makespanS).toBeGreaterThan(10 * totalSeconds(totals.all));
  });
});

describe('any load', () => {
  it('decodes one request in the same time', () => {
    const outputs = [200];
    const decodeS = [new Clones([0], 1), new Closed([0], 1), new Poisson([0], 0.3, 5)].map((load) => {
      const cost = new Stopwatch(({ tokens, contextTokens }) => 1e-3 * (tokens + contextTokens / 7));
      const acceptance = steady(outputs, 3);
      const { finished } = simulate({ prompts: [33], outputs, load, cost, method: 'eagle3', acceptance });
      return finished[0]!.endS - finished[0]!.firstTokenS;
    });
    expect(decodeS[0]).toBeGreaterThan(0);
    expect(Math.abs(decodeS[1]! / decodeS[0]! - 1)).toBeLessThan(1e-9);
    expect(Math.abs(decodeS[2]! / decodeS[0]! - 1)).toBeLessThan(1e-9);
  });

  const anyRequest = fc.integer({ min: 1, max: 25 }).chain((output) =>
    fc.record({
      prompt: fc.integer({ min: 1, max: 60 }),
      emitted: fc.array(fc.integer({ min: 1, max: MAX_K + 1 }), { minLength: output, maxLength: output }),
      extra: fc.integer({ min: 0, max: MAX_K }),
    }),
  );
  const anySetting = fc.record({
    requests: fc.array(anyRequest, { minLength: 1, maxLength: 12 }),
    method: fc.constantFrom('none', 'ngram', 'eagle3', 'draft-model', 'oracle:ngram', 'oracle:eagle3'),
    k: fc.integer({ min: 1, max: MAX_K }),
    load: fc.constantFrom('clones', 'closed', 'poisson'),
    batch: fc.integer({ min: 1, max: 6 }),
    maxSequences: fc.integer({ min: 1, max: 7 }),
    blockTokens: fc.integer({ min: 1, max: 20 }),
    /** How many requests as large as the last fit in memory. */
    room: fc.integer({ min: 1, max: 3 }),
  });
  type AnySetting = typeof anySetting extends fc.Arbitrary<infer T> ? T : never;

  /** A last request larger than all others comes after the ones drawn. */
  function build({ requests, method, k, load, batch, room, maxSequences, blockTokens }: AnySetting) {
    const largest = { prompt: 100, emitted: [1, 2, 3, 1], extra: 0 };
    const drawn = [...requests, largest];
    const prompts = drawn.map((request) => request.prompt);
    const outputs = drawn.map((request) => request.emitted.length);
    const acceptance: PositionLengths = {
      ...steady(outputs, 1),
      emitted: Uint8Array.from(drawn.flatMap((request) => request.emitted)),
      proposed: Uint8Array.from(
        drawn.flatMap(({ emitted, extra }) => emitted.map((value) => Math.min(value - 1 + extra, MAX_K))),
      ),
    };
    const order = all(outputs);
    const setting: Setting = {
      prompts,
      outputs,
      method,
      k,
      load:
        load === 'clones'
          ? new Clones(order, batch)
          : load === 'closed'
            ? new Closed(order, batch)
            : new Poisson(order, 0.5, 1),
      ...(method === 'none' ? {} : { acceptance }),
      cost: new Stopwatch(({ tokens, contextTokens }) => 0.01 * tokens + 1e-4 * contextTokens + 0.1),
      kvCapacityTokens:
        room * Math.ceil(sequenceTokens(100, 4, method === 'none' ? 0 : MAX_K) / blockTokens) * blockTokens,
      blockTokens,
      maxSequences,
    };
    return { setting, copies: load === 'clones' ? batch : 1 };
  }

  it('conserves tokens, requests and time', () => {
    fc.assert(
      fc.property(anySetting, (drawn) => {
        const { setting, copies } = build(drawn);
        const { finished, totals, makespanS } = simulate(setting);
        const { outputs } = setting;
        const ended = outputs.map(() => 0);
        for (const record of finished) {
          ended[record.request]! += record.copies;
          expect(record.tokens).toBe(outputs[record.request]);
          expect(record.firstTokenS).toBeGreaterThan(record.arrivalS);
          expect(record.endS).toBeGreaterThanOrEqual(record.firstTokenS);
          expect(record.endS).toBeLessThanOrEqual(makespanS);
        }
        expect(ended).toEqual(outputs.map(() => copies));
        const prefillTokens = copies * outputs.length;
        const wanted = copies * outputs.reduce((sum, tokens) => sum + tokens, 0);
        expect(totals.emitted + prefillTokens).toBe(wanted);
        expect(totals.emitted).toBe(totals.rounds + totals.accepted);
        expect(totals.drafted).toBeGreaterThanOrEqual(totals.accepted);
        if (drawn.method.startsWith('oracle:')) expect(totals.drafted).toBe(totals.accepted);
        const busyS = totalSeconds(totals.all);
        if (drawn.load === 'poisson') expect(busyS).toBeLessThanOrEqual(makespanS * (1 + 1e-12));
        else expect(busyS / makespanS).toBeCloseTo(1, 9);
      }),
      { numRuns: 300 },
    );
  });

  it('gives all KV memory back: a last request that needs the whole of it gets it', () => {
    fc.assert(
      fc.property(anySetting, (drawn) => {
        const { setting } = build({ ...drawn, room: 1 });
        const last = setting.outputs.length - 1;
        const { finished } = simulate(setting);
        expect(finished.at(-1)!.request).toBe(last);
      }),
      { numRuns: 200 },
    );
  });

  it('never runs more sequences than memory and engine allow', () => {
    fc.assert(
      fc.property(anySetting, (drawn) => {
        const { setting } = build(drawn);
        simulate(setting);
        for (const { sequences, contextTokens } of (setting.cost as Stopwatch).steps) {
          expect(sequences).toBeLessThanOrEqual(drawn.maxSequences);
          expect(contextTokens).toBeLessThanOrEqual(setting.kvCapacityTokens!);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('gives the same result again', () => {
    fc.assert(
      fc.property(anySetting, (drawn) => {
        expect(simulate(build(drawn).setting)).toEqual(simulate(build(drawn).setting));
      }),
      { numRuns: 100 },
    );
  });

  it.each(['clones', 'closed', 'poisson:20'])('gives the same rows for the same seed: %s', async (load) => {
    const rows = async (seed: number) => {
      const scenario = completeScenario({
        requests: 8,
        batch: [2],
        load,
        seed,
        method: ['ngram', 'eagle3', 'draft-model'],
        draft: 'llama-3.2-1b',
        acceptance: { 'draft-model': '0.7' },
      });
      return runScenario(await gatherInputs(scenario, folderLibrary));
    };
    const one = await rows(1);
    expect(await rows(1)).toEqual(one);
    expect((await rows(2)).rows).not.toEqual(one.rows);
  });
});
