/** What it costs to draft another length than in the step before, and to keep graphs of several. */
import { describe, expect, it } from 'vitest';
import { totalSeconds } from '../../src/cost/work.ts';
import { parseMethod } from '../../src/drafter/methods.ts';
import { folderLibrary } from '../../src/node/folder-library.ts';
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
      expect((await run(policy, SWITCH)).speed).toBe((await run(policy, {})).speed);
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
