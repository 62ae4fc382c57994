/** What a curious person would ask next of a result, and the command that answers it. */
import { BASIC_METHODS, draftsBlock, takesK } from '../drafter/methods.ts';
import { answeredK } from '../scenario/draft-cards.ts';
import { wordsOf } from '../scenario/flags.ts';
import type { Inputs } from '../scenario/inputs.ts';
import { OPTION_NAMES, OPTIONS } from '../scenario/option-table.ts';
import { askedOf, DEFAULTS, isUsual, type Scenario, usual } from '../scenario/options.ts';
import { type Answer, gainOf, type Row } from '../scenario/result.ts';
import { type Block, command, type Section, sentence } from './document.ts';

const DRAFT_LENGTHS = [1, 2, 3, 5, 8];

/** The question, and the command below it; nothing where there is none to ask. */
export function nextRun({ config, rows, groups }: Answer<Row>, inputs: Inputs): Section {
  const speculative = rows.filter((row) => row.method !== 'none' && gainOf(row) !== null);
  if (speculative.length === 0) return firstSpeculation(inputs);
  const choices = speculative.filter((row) =>
    takesK(inputs.methods.find(({ name }) => name === row.method)!),
  );
  // Bounds are no choices, and how long a method that loses should draft is no question.
  if (!choices.some((row) => gainOf(row)!.ratio > 1)) return [];
  const best = choices.reduce((a, b) => (gainOf(b)!.ratio > gainOf(a)!.ratio ? b : a));
  const index = groups.find((group) => group.rows.includes(best))!.trace;
  const run = (asks: Partial<Scenario>) => next('run', inputs, { trace: [config.trace[index]!], ...asks });
  const method = inputs.methods.find(({ name }) => name === best.method)!;
  const basic = method.parts[0]!.name;
  const batch = best.batch_size === null ? {} : { batch: [best.batch_size] };
  if (config.k.length === 1 && best.k !== null) {
    const maxK = answeredK({ parts: [method.parts[0]!] }, inputs, inputs.traces[index]!);
    const block = draftsBlock(method);
    return [
      sentence(
        `next, how ${block ? '' : `long should ${basic} draft, and how `}far is ${block ? basic : 'it'} from the oracle?`,
      ),
      run({
        method: ['none', basic, `oracle:${basic}`],
        k: block ? [best.k] : DRAFT_LENGTHS.filter((k) => k <= maxK),
        ...batch,
      }),
    ];
  }
  if (config.load === 'clones') {
    return [
      sentence('next, does it hold when different requests share a batch?'),
      run({
        method: ['none', best.method],
        ...(best.k !== null && { k: [best.k] }),
        load: 'closed',
      }),
    ];
  }
  return [
    sentence(`next, how far is ${basic} from the oracle?`),
    run({ method: ['none', `oracle:${basic}`], ...batch }),
  ];
}

/** For a run of plain decoding alone: the methods that its first trace knows and that need no draft model named. */
function firstSpeculation(inputs: Inputs): Section {
  const { scenario, target, traces, shipped } = inputs;
  const methods = BASIC_METHODS.filter(
    ({ name, model }) =>
      traces[0]!.drafters.has(name) && (model === undefined || shipped.headFor(target, model.card) !== null),
  );
  if (methods.length === 0) return [];
  return [
    sentence('next, does speculation pay?'),
    next('run', inputs, {
      method: ['none', ...methods.map(({ name }) => name)],
      trace: [scenario.trace[0]!],
      ...(String(scenario.batch) !== String(DEFAULTS.batch) && { batch: scenario.batch }),
    }),
  ];
}

/**
 * A command that goes on from here.
 *
 * @param asks what it asks itself; of the rest it takes over what was not left at its default and may have an effect
 * @param more words that are no options of a scenario
 */
export function next(
  name: 'run' | 'tune',
  { scenario, drafts, shipped }: Inputs,
  asks: Partial<Scenario>,
  more: readonly string[] = [],
): Block {
  const following = { ...scenario, ...asks };
  const asked = askedOf(following, { schedules: name === 'tune' });
  const defaults = usual(following);
  const cards = asked.methods.flatMap(({ parts }) =>
    parts.flatMap((part) => drafts.get(part.name)?.name ?? []),
  );
  const runs = (draft: string) => cards.some((card) => card === draft || !shipped.drafts.includes(card));
  const flags = OPTION_NAMES.flatMap((option) => {
    const { holds, next: how, idle } = OPTIONS[option];
    const value = following[option];
    const acts = (pair: string | null) => (idle?.(following, asked, pair) ?? null) === null;
    if (holds === 'pairs') {
      const pairs = Object.entries(value as Readonly<Record<string, string>>);
      return pairs.flatMap((of) => (acts(of[0]) ? wordsOf(option, of.join('=')) : []));
    }
    const taken =
      how !== 'asked' &&
      !isUsual(option, value) &&
      String(value) !== String(defaults[option]) &&
      acts(null) &&
      (how !== 'used' || runs(String(value)));
    if (value === null || !(taken || Object.hasOwn(asks, option))) return [];
    return wordsOf(option, String(value));
  });
  return command(['specsim', name, ...flags, ...more]);
}
