/** What it costs to draft another length than in the step before, and to keep graphs of several. */
import { describe, expect, it } from 'vitest';
import { totalSeconds } from '../../src/cost/work.ts';
import { parseMethod } from '../../src/drafter/methods.ts';
import { folderLibrary } from '../../src/node/folder-library.ts';
import { LengthChanges, type LengthLimits, UNBOUND } from '../../src/policy/length-changes.ts';
import { PaidChanges } from '../../src/policy/paid-changes.ts';
import { lengthsOfSteps, parsePolicy } from '../../src/policy/policies.ts';
import { Bench } from '../../src/scenario/bench.ts';
import { gatherInputs } from '../../src/scenario/inputs.ts';
import { completeScenario, type Options } from '../../src/scenario/options.ts';

const K = 5;

/** Seconds of all steps, and what each of them drafted by its sequences. */
async function run(policy: string, options: Options, batch = 8) {
  const scenario = { method: ['eagle3'], requests: 40, k: [K], policy: [policy], ...options };
  const inputs = await gatherInputs(completeScenario({ load: 'closed', ...scenario }), folderLibrary);
  const load = (options.load ?? 'closed') as 'closed';
  const bench = new Bench(inputs, inputs.traces[0]!, load, new Set());
  const setting = { method: parseMethod('eagle3'), k: K, policy: inputs.policies[0]! };
  let seconds = 0;
  const steps: { sequences: number; drafted: number }[] = [];
  if (load === 'closed') {
    bench.watched(setting, batch, {
      onStep: ({ decodeSequences: sequences, drafted, parts }) => {
        seconds += totalSeconds(parts);
        steps.push({ sequences, drafted });
      },
    });
  }
  return { seconds, speed: bench.measures(setting, batch).throughput_tok_per_s, steps };
}

const SWITCH = { set: { 'engine.lengthSwitch': '1s' } } as Options;

describe('a switch of length', () => {
  it('is paid for each time that a step drafts another length than the last', async () => {
    const [free, paid] = [await run('off-above:4', {}), await run('off-above:4', SWITCH)];
    expect(paid.steps).toEqual(free.steps);
    const lengths = free.steps.filter(({ sequences }) => sequences > 0).map(({ drafted }) => drafted > 0);
    const switches = lengths.filter((drafts, i) => i > 0 && drafts !== lengths[i - 1]).length;
    expect(switches).toBeGreaterThan(0);
    // The host prepares some of a step beside the GPU.
    expect((paid.seconds - free.seconds) / switches).toBeCloseTo(1, 1);
  });

  it.each(['fixed', 'budget:40', 'per-request'])(
    'is nothing to %s, whose steps have no length',
    async (policy) => {
      const beside = { ...SWITCH, policy: [policy, 'goodput'] };
      expect((await run(policy, beside)).speed).toBe((await run(policy, {})).speed);
    },
  );

  it.each<[string, Options]>([
    ['goodput', {}],
    ['goodput:confidence', {}],
    ['goodput', { load: 'clones' }],
  ])('%s %j: never makes it faster', async (policy, options) => {
    const [free, paid] = [await run(policy, options), await run(policy, { ...options, ...SWITCH })];
    expect(paid.speed).toBeLessThan(free.speed);
  });
});

describe('a change that is paid for', () => {
  /** Steps of 10 and 9 ms that bring 2 tokens: the second length saves 1 ms a step. */
  const choices = (changeS: number, seconds: readonly (readonly number[])[], shortest = 0) => {
    const paid = new PaidChanges(1);
    let length = 0;
    return seconds.map((own) => {
      paid.seconds.set(own);
      paid.emitted.set([2, 2]);
      length = paid.best(length, changeS, shortest);
      return length;
    });
  };
  const [slow, fast, noise] = [
    [9, 10],
    [10, 9],
    [10, 5],
  ];

  it('waits until it would have saved its price, of a step that brings as much', () => {
    expect(choices(2.5, [fast, fast, fast, slow, slow, slow])).toEqual([0, 0, 1, 1, 1, 0]);
    // Twice the tokens in 1.8 times the time save a tenth.
    const paid = new PaidChanges(1);
    paid.seconds.set([10, 18]);
    paid.emitted.set([1, 2]);
    expect([0, 1, 2].map(() => paid.best(0, 2.5))).toEqual([0, 0, 1]);
  });

  it('forgets what was lost again: noise changes nothing, and a free change is made at once', () => {
    expect(choices(6, [noise, slow, slow, slow, slow, slow, noise])).toEqual([0, 0, 0, 0, 0, 0, 0]);
    expect(choices(0, [fast, slow, fast])).toEqual([1, 0, 1]);
  });

  it('knows no length below the least', () => {
    expect(choices(1, [slow, slow], 1)).toEqual([1, 1]);
  });

  it('has lost its price, a step more at most, where a length that loses for ever is left', () => {
    const steps = Array.from({ length: 50 }, () => fast);
    const left = choices(7, steps).indexOf(1);
    expect(left).toBe(7);
  });

  it.each(['gsm8k', 'cnn'])('%s: a cool-down brings nothing more', async (trace) => {
    for (const policy of ['goodput', 'goodput:confidence']) {
      const set = { 'engine.lengthSwitch': '20ms' };
      const [alone, cooled] = await Promise.all(
        [set, { ...set, 'engine.lengthCooldown': '16' }].map((own) =>
          run(policy, { trace: [trace], requests: 100, set: own } as Options, 32),
        ),
      );
      expect(alone!.speed).toBeGreaterThan(0.985 * cooled!.speed);
    }
  });
});

describe('limits of changes', () => {
  const walk = (limits: Partial<LengthLimits>, wanted: readonly number[]) => {
    const changes = new LengthChanges({ ...UNBOUND, ...limits }, K);
    return wanted.map((k) => changes.next(k));
  };

  it('none: what is wanted', () => {
    expect(walk({}, [3, 0, 5, 5, 1])).toEqual([3, 0, 5, 5, 1]);
  });

  it('a floor, as far as k goes', () => {
    expect(walk({ lengthFloor: 1 }, [3, 0, 2])).toEqual([3, 1, 2]);
    expect(walk({ lengthFloor: 9 }, [3, 0])).toEqual([K, K]);
  });

  it('a cool-down holds a length for so many steps, and then takes what is wanted by then', () => {
    expect(walk({ lengthCooldown: 3 }, [3, 1, 2, 4, 1, 1, 1])).toEqual([3, 3, 3, 4, 4, 4, 1]);
  });

  it('a walk goes so many tokens a change', () => {
    expect(walk({ lengthWalk: 2 }, [5, 0, 0, 0, 5])).toEqual([5, 3, 1, 0, 2]);
    expect(walk({ lengthWalk: 1, lengthCooldown: 2 }, [3, 0, 0, 0, 0])).toEqual([3, 3, 2, 2, 1]);
  });

  it('a floor keeps a schedule drafting', async () => {
    const { steps } = await run('off-above:4', { set: { 'engine.lengthFloor': '1' } } as Options);
    const lengths = steps.flatMap(({ sequences, drafted }) => (sequences > 0 ? [drafted / sequences] : []));
    expect([...new Set(lengths)].sort()).toEqual([1, K]);
  });

  it('a change that costs is made less often, and a dear one costs less than a step would', async () => {
    const [free, dear] = [await run('goodput', {}), await run('goodput', SWITCH)];
    const switches = ({ steps }: typeof free) =>
      steps.filter(
        ({ sequences, drafted }, i) =>
          i > 0 && drafted / sequences !== steps[i - 1]!.drafted / steps[i - 1]!.sequences,
      ).length;
    expect(switches(dear)).toBeLessThan(switches(free) / 4);
  });

  it('passes without drafts cost more than none where nothing is ever drafted', async () => {
    const along = { set: { 'engine.offPasses': '1' } } as Options;
    const [none, kept] = [await run('off-above:1', {}), await run('off-above:1', along)];
    expect(kept.speed).toBeLessThan(none.speed);
    expect(kept.speed).toBeGreaterThan(0.8 * none.speed);
  });
});

describe('graphs of several lengths', () => {
  it('take memory from the KV cache', async () => {
    const scenario = {
      method: ['eagle3'],
      requests: 200,
      k: [K],
      policy: ['goodput', 'fixed'],
      load: 'closed',
    };
    const inputs = await gatherInputs(completeScenario(scenario), folderLibrary);
    const speeds = [0, 11e9].map((lengthGraphsBytes) => {
      const engine = { ...inputs.engine, lengthGraphsBytes };
      const bench = new Bench({ ...inputs, engine }, inputs.traces[0]!, 'closed', new Set());
      return inputs.policies.map((policy) => {
        const setting = { method: parseMethod('eagle3'), k: K, policy };
        return bench.measures(setting, 128).throughput_tok_per_s;
      });
    });
    expect(speeds[1]![0]).toBeLessThan(speeds[0]![0]!);
    expect(speeds[1]![1]).toBe(speeds[0]![1]);
  });

  it('are kept of those that a step may have', () => {
    const of = (policy: string) => lengthsOfSteps(parsePolicy(policy), K);
    expect(['fixed', 'budget:auto', 'per-request', 'off-above:4', 'goodput'].map(of)).toEqual([
      1, 1, 1, 2, 6,
    ]);
    const entry = { batchHi: 9, contextLo: 1, contextHi: 9 };
    const entries = [
      { ...entry, batchLo: 1, k: 9 },
      { ...entry, batchLo: 4, k: K },
    ];
    expect(lengthsOfSteps({ kind: 'table', entries }, K)).toBe(1);
  });
});
