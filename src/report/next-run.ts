/** What a curious person would ask next of a result, and the command that answers it. */
import { BASIC_METHODS, draftsBlock } from '../drafter/methods.ts';
import type { Inputs } from '../scenario/inputs.ts';
import { OPTIONS } from '../scenario/option-table.ts';
import { DEFAULTS, flagOf, type OptionName, usual } from '../scenario/options.ts';
import type { Result, Row } from '../scenario/result.ts';
import { command, type Section, sentence } from './document.ts';

const DRAFT_LENGTHS = [1, 2, 3, 5, 8];

/** The order of the flags. */
const KEPT = (
  'gpu target tp dtype engine promptLen outputLen workload timeScale duration load replicas router slo requests policy ' +
  'drafterQuality seed cost keepTruncated set acceptance draft'
).split(' ') as OptionName[];

/** The question, and the command below it; nothing where there is none to ask. */
export function nextRun({ config, rows }: Result, inputs: Inputs): Section {
  const speculative = rows.filter((row) => row.method !== 'none' && row.speedup !== null);
  if (speculative.length === 0) return firstSpeculation(inputs);
  const best = speculative.reduce((a, b) => (b.speedup! > a.speedup! ? b : a));
  const index = Math.floor((rows.indexOf(best) * config.trace.length) / rows.length);
  const run = (uses: readonly string[], changes: readonly string[], from: Inputs = inputs) =>
    command(['specsim', 'run', ...kept(from, uses), '--trace', config.trace[index]!, ...changes]);
  const method = inputs.methods.find(({ name }) => name === best.method)!;
  const parts = method.parts.map(({ name }) => name);
  const basic = parts[0]!;
  if (config.k.length === 1 && best.k !== null) {
    const maxK = inputs.rates.has(basic)
      ? Number.POSITIVE_INFINITY
      : inputs.traces[index]!.drafters.get(basic)!.maxK;
    const block = draftsBlock(method);
    return [
      sentence(
        `next, how ${block ? '' : `long should ${basic} draft, and how `}far is ${block ? basic : 'it'} from the oracle?`,
      ),
      run(
        [basic],
        [
          ...['--method', `none,${basic},oracle:${basic}`],
          ...['--k', block ? String(best.k) : DRAFT_LENGTHS.filter((k) => k <= maxK).join()],
          ...batch(best),
        ],
      ),
    ];
  }
  if (config.load === 'clones') {
    return [
      sentence('next, does it hold when different requests share a batch?'),
      run(parts, [
        ...['--method', `none,${best.method}`],
        ...(best.k === null ? [] : ['--k', String(best.k)]),
        ...['--load', 'closed'],
      ]),
    ];
  }
  // No policy has a say in what an oracle drafts.
  const ownLengths = { ...inputs, scenario: { ...inputs.scenario, policy: DEFAULTS.policy } };
  return [
    sentence(`next, how far is ${basic} from the oracle?`),
    run([basic], ['--method', `none,oracle:${basic}`, ...batch(best)], ownLengths),
  ];
}

function batch({ batch_size }: Row): string[] {
  return batch_size === null ? [] : ['--batch', String(batch_size)];
}

/** For a run of plain decoding alone: the methods that its first trace knows and that need no draft model named. */
function firstSpeculation(inputs: Inputs): Section {
  const { scenario, target, traces, shipped } = inputs;
  const methods = BASIC_METHODS.filter(
    ({ name, model }) =>
      traces[0]!.drafters.has(name) &&
      (model === undefined || (model.card !== 'transformer' && shipped.headFor(target, model.card) !== null)),
  );
  if (methods.length === 0) return [];
  const names = ['none', ...methods.map(({ name }) => name)];
  return [
    sentence('next, does speculation pay?'),
    command([
      ...['specsim', 'run', ...kept(inputs, [])],
      ...['--trace', scenario.trace[0]!, '--method', names.join()],
      ...(String(scenario.batch) === String(DEFAULTS.batch) ? [] : ['--batch', scenario.batch.join()]),
    ]),
  ];
}

/** Flags for what was not left at its default; of what only some methods use, what those of `uses` need. */
export function kept({ scenario, drafts, shipped }: Inputs, uses: readonly string[]): string[] {
  const defaults = usual(scenario);
  const cards = uses.flatMap((name) => drafts.get(name)?.name ?? []);
  const used = (draft: string) => cards.some((card) => card === draft || !shipped.drafts.includes(card));
  return KEPT.flatMap((name) => {
    const { holds, next } = OPTIONS[name];
    const value = scenario[name];
    const flag = `--${flagOf(name)}`;
    if (holds === 'pairs') {
      const values = Object.entries(value as Readonly<Record<string, string>>);
      if (next !== 'used') return values.flatMap(([pair, one]) => [flag, `'${pair}=${one}'`]);
      return values.flatMap(([pair, one]) => (uses.includes(pair) ? [flag, `${pair}=${one}`] : []));
    }
    if (String(value) === String(defaults[name]) || (next === 'used' && !used(String(value)))) return [];
    return holds === 'switch' ? [flag] : [flag, String(value)];
  });
}
