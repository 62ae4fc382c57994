/**
 * One setting against another on another machine: how many times the throughput, and how sure that is. Both face the
 * same requests, drawn again alike. Errors of a GPU or an engine that both have are theirs together and cancel as far as
 * they do the same to both; errors of two GPUs or engines are apart, and so is what the model leaves out of each.
 */
import { Confidence, type Run } from '../metrics/confidence.ts';
import { Bench, type Ratio } from './bench.ts';
import type { Inputs } from './inputs.ts';
import { loadKind } from './run.ts';
import type { Setting } from './setup.ts';
import { NO_SHIFT } from './shifts.ts';

/** A setting at a batch size on the first trace of its inputs. */
export interface Contender {
  readonly inputs: Inputs;
  readonly setting: Setting;
  readonly batch: number;
}

/**
 * Throughput of the one over that of the other.
 *
 * @returns null where they do not face the same requests as copies of themselves
 */
export function ratioBetween(one: Contender, other: Contender): Ratio | null {
  const [a, b] = [one, other].map(({ inputs }) => {
    const { trace, target, requests, seed, load } = inputs.scenario;
    return JSON.stringify([trace[0], target, requests, seed, load, inputs.traces[0]!.ids]);
  });
  if (a !== b || one.inputs.scenario.load !== 'clones') return null;
  const apart = {
    gpu: one.inputs.hardware.name !== other.inputs.hardware.name,
    engine: one.inputs.engine.name !== other.inputs.engine.name,
  };
  const runs = [one, other].map((of) => namedRun(of, apart));
  const constants = [...new Set(runs.flatMap(({ shifts }) => [...shifts.keys()]))];
  const [run, than] = runs.map(
    (of): Run => ({ ...of.run, shifts: constants.map((name) => of.shifts.get(name) ?? NO_SHIFT) }),
  ) as [Run, Run];
  const ratio = run.measured.throughput_tok_per_s / than.measured.throughput_tok_per_s;
  const confidence = new Confidence(
    one.inputs.traces[0]!.outputTokens.length,
    constants,
    one.inputs.scenario.seed,
  );
  return { ratio, ...confidence.speedup(ratio, run, than, 'throughput') };
}

interface Apart {
  readonly gpu: boolean;
  readonly engine: boolean;
}

/** A run whose errors have names of their own where the two do not share them. */
function namedRun({ inputs, setting, batch }: Contender, apart: Apart) {
  const bench = new Bench(inputs, inputs.traces[0]!, loadKind(inputs.scenario), new Set());
  const { run, constants } = bench.uncertainRun(setting, batch);
  const machine = [apart.gpu ? inputs.hardware.name : '', apart.engine ? inputs.engine.name : ''].join(' ');
  const named = (path: string) => {
    const part = path.startsWith('hardware.') ? 'gpu' : 'engine';
    return apart[part] ? `${machine} ${path}` : path;
  };
  const shifts = new Map(constants.map((path, c) => [named(path), run.shifts[c]!]));
  const doubts = run.doubts.map((doubt) =>
    doubt.part === 'distance' ? { ...doubt, name: `${machine} ${doubt.name}` } : doubt,
  );
  const drafters = machine === ' ' ? run.drafters : `${machine} ${run.drafters}`;
  return { run: { ...run, doubts, drafters }, shifts };
}
