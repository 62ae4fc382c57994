/** Runs a scenario: every trace, method, k and batch size is a row, beside its baseline without speculation. */
import { takesK, takesTree } from '../drafter/methods.ts';
import { UserError } from '../errors.ts';
import type { LoadKind } from '../metrics/measure.ts';
import { Bench } from './bench.ts';
import type { Inputs } from './inputs.ts';
import { isOpen } from './load.ts';
import type { Scenario } from './options.ts';
import { type Answer, answerOf, type Group, gainOf, type Row } from './result.ts';
import type { Setting } from './setup.ts';

/** Called before each row, for progress. */
export type Progress = (done: number, total: number) => void;

/** Simulates every row of the scenario. Same inputs, same result, to the byte. */
export function runScenario(inputs: Inputs, progress: Progress = () => {}): Answer<Row> {
  const { scenario } = inputs;
  const kind = loadKind(scenario);
  const batches = kind === 'open' ? [null] : scenario.batch;
  const settings = settingsOf(inputs);
  const total = inputs.traces.length * settings.length * batches.length;
  const warnings = new Set(inputs.warnings);
  let done = 0;
  const groups = inputs.traces.map((trace, t): Group<Row> => {
    const bench = new Bench(inputs, trace, kind, warnings);
    const own = settings.map((setting) =>
      batches.map((batch) => {
        progress(done++, total);
        return bench.row(setting, batch);
      }),
    );
    const overFixed = comparesPolicies(inputs) ? overBestFixed(bench, settings, own) : null;
    const rows = own.flatMap((ofSetting, s) =>
      ofSetting.map((row, b) => (overFixed === null ? row : { ...row, ...overFixed[s]![b]! })),
    );
    return { trace: t, rows };
  });
  return answerOf(scenario, inputs, warnings, groups);
}

/**
 * The rows of a scenario of copies (`--load clones`) without intervals, for a fraction of the time: what follows a
 * slider. Figures are those of `runScenario`.
 *
 * @throws UserError for another load
 */
export function runPoints(inputs: Inputs): Answer<Row> {
  const { scenario, traces } = inputs;
  if (scenario.load !== 'clones') {
    throw new UserError(
      `--load ${scenario.load}: points are those of copies of one request, expected clones`,
    );
  }
  const warnings = new Set(inputs.warnings);
  const settings = settingsOf(inputs);
  const groups = traces.map((of, trace): Group<Row> => {
    const bench = new Bench(inputs, of, 'clones', warnings);
    const rows = settings.flatMap((setting) => scenario.batch.map((batch) => bench.point(setting, batch)));
    return { trace, rows };
  });
  return answerOf(scenario, inputs, warnings, groups);
}

/** Whether a run says how its policies stand to the best fixed draft length. */
function comparesPolicies({ policies }: Pick<Inputs, 'policies'>): boolean {
  return policies.length > 1 && policies.some(({ spec }) => spec.kind === 'fixed');
}

type OverFixed = Pick<Row, 'over_best_fixed' | 'over_best_fixed_lo' | 'over_best_fixed_hi'>;

/** @param rows of each setting, by batch size */
function overBestFixed(
  bench: Bench,
  settings: readonly Setting[],
  rows: readonly (readonly Row[])[],
): OverFixed[][] {
  return settings.map((setting, s) =>
    rows[s]!.map(({ batch_size: batch }, b) => {
      if (!takesK(setting.method)) {
        return { over_best_fixed: null, over_best_fixed_lo: null, over_best_fixed_hi: null };
      }
      const speed = (one: number) => gainOf(rows[one]![b]!)?.ratio ?? 0;
      const best = [...settings.keys()]
        .filter((o) => settings[o]!.method === setting.method && settings[o]!.policy?.spec.kind === 'fixed')
        .reduce((a, o) => (speed(o) > speed(a) ? o : a));
      const over = bench.ratioIfAny(setting, settings[best]!, batch);
      return {
        over_best_fixed: over?.ratio ?? null,
        over_best_fixed_lo: over?.lo ?? null,
        over_best_fixed_hi: over?.hi ?? null,
      };
    }),
  );
}

/** Every setting a scenario asks for, in its order. */
export function settingsOf({ methods, policies, trees, scenario }: Inputs): Setting[] {
  return methods.flatMap((method): Setting[] => {
    if (!takesK(method)) return [{ method, k: null }];
    const chains: Setting[] = scenario.k.map((k) => ({ method, k }));
    const drafts = takesTree(method)
      ? trees.flatMap((tree): Setting[] => (tree === null ? chains : [{ method, k: null, tree }]))
      : chains;
    return drafts.flatMap((setting) => policies.map((policy) => ({ ...setting, policy })));
  });
}

export function loadKind({ load }: Scenario): LoadKind {
  return isOpen(load) ? 'open' : load === 'clones' ? 'clones' : 'closed';
}
