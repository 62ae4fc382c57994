/** What tune found, for people and as flat rows. */

import { UserError } from '../errors.ts';
import { cellText } from '../report/cell.ts';
import {
  answerFirst,
  type Block,
  type Cell,
  type Document,
  fixed,
  RATE,
  RATIO,
  type Section,
  sentence,
  type Table,
  table,
  warningsSection,
  within,
} from '../report/document.ts';
import type { FlatTable } from '../report/flat-rows.ts';
import { head, modelOn } from '../report/head.ts';
import { next } from '../report/next-run.ts';
import type { Ratio } from '../scenario/bench.ts';
import type { Inputs } from '../scenario/inputs.ts';
import {
  checkHardwareQuestion,
  completeScenario,
  parseOptions,
  parseSizes,
  usual,
} from '../scenario/options.ts';
import { isTree } from '../scenario/scenario.ts';
import { contextSection } from './context-effect.ts';
import { bestFor, SGLANG_METHODS, VLLM_METHODS } from './engine-methods.ts';
import { movedText, otherTraces } from './other-traces.ts';
import type { Question, Read } from './question.ts';
import { joined } from './schedule.ts';
import { switchingColumns, switchingSection } from './switching-section.ts';
import type { TreeRow } from './tree-tuning.ts';
import { AT, spread } from './tune-columns.ts';
import {
  chainsToTry,
  DEFAULT_MAX_K,
  type MethodSchedule,
  TIE,
  type TuneRow,
  type Tuning,
  tuningOf,
} from './tuning.ts';

export const tune: Question<Tuning, 'max-k' | 'context' | 'emit'> = {
  async gather(named, read, { context }) {
    if (named.k !== undefined) throw new UserError('--k: tune chooses it, expected --max-k');
    if (named.promptLen !== undefined && context !== undefined) {
      throw new UserError('--prompt-len and --context are the same to tune: expected one of them');
    }
    const scenario = completeScenario({
      method: usual(named).method.filter((name) => name !== 'none'),
      ...parseOptions({ batch: '1..256' }, String),
      ...named,
    });
    if (scenario.policy.join() !== 'fixed') {
      throw new UserError('--policy: tune is about fixed draft lengths by batch size, expected none');
    }
    checkHardwareQuestion('tune', scenario);
    const reads: Read = (one) => read(one, { schedules: true });
    if (context === undefined) {
      const own = await reads(scenario);
      return { scenario, inputs: [own], others: await otherTraces(named, own, reads) };
    }
    const inputs: Inputs[] = [];
    for (const promptLen of parseSizes(context, '--context'))
      inputs.push(await reads({ ...scenario, promptLen }));
    return { scenario, inputs };
  },
  async ask({ inputs, others = [] }, progress, { 'max-k': written }) {
    const maxK =
      written === undefined ? DEFAULT_MAX_K : parseOptions({ k: written }, () => '--max-k').k!.at(-1)!;
    const answer = await tuningOf(inputs, maxK, progress);
    const [{ batch_size: batch, method, k, over_none: over }] = answer.rows as [TuneRow];
    const here = { label: named(method, k), over };
    const moved =
      others.length === 0
        ? null
        : movedText(here, inputs[0]!, others, (one) => chainsToTry(one, maxK), batch);
    return moved === null ? answer : { ...answer, warnings: [...answer.warnings, moved] };
  },
  document: (answer, { inputs }) => documentOf(answer, inputs),
  flat: flatTuning,
};

function documentOf(result: Tuning, inputs: readonly Inputs[]): Document {
  const { groups, warnings } = result;
  const [first] = inputs;
  return [
    answerFirst(groups.map(({ rows }) => firstAnswer(rows))),
    [
      ...head(result, [first!], `how to draft for ${modelOn(first!)}`),
      sentence(`smallest k within ${100 * TIE}% of the best; gains with 95% intervals on the same requests`),
    ],
    ...groups.flatMap(({ trace, rows, schedules, trees, switching, contexts }): Section[] => [
      [sentence(`trace ${first!.traces[trace]!.name}`), gains(rows)],
      [
        sentence('schedules, batch sizes:k (a size that was tried decides up to the next)'),
        ...schedules.flatMap(scheduleLines),
      ],
      treesSection(trees),
      switchingSection(switching),
      contextSection(contexts),
    ]),
    warningsSection(warnings),
    nextTune(result, inputs),
  ];
}

/** The command that prints the first trace's best schedule for an engine. */
function nextTune({ config, maxK, schedules }: Tuning, inputs: readonly Inputs[]): Section {
  const trees = config.tree.some(isTree);
  const best = bestFor(schedules, trees ? SGLANG_METHODS : VLLM_METHODS);
  if (best === undefined || (trees && inputs.length > 1)) return [];
  const { method, contexts } = best;
  if (contexts.every(({ ranges }) => ranges[0]!.lo > 1 || ranges.every(({ k }) => k === 0))) return [];
  const [first] = inputs;
  const byContext = inputs.length > 1;
  const asks = {
    method: [method],
    trace: [config.trace[0]!],
    batch: config.batch,
    ...(byContext && { promptLen: null }),
  };
  const more = [
    ...(maxK === DEFAULT_MAX_K ? [] : ['--max-k', String(maxK)]),
    ...['--emit', trees ? 'sglang' : byContext ? 'vllm-2d' : 'vllm'],
    ...(byContext ? ['--context', contexts.map(({ contextTokens }) => contextTokens).join()] : []),
  ];
  const what = trees ? `the best single tree of ${method} for SGLang` : `the schedule of ${method} for vLLM`;
  return [sentence(`next, ${what}:`), next('tune', first!, asks, more)];
}

function firstAnswer(rows: readonly TuneRow[]): string {
  const [first, last] = [rows[0]!, rows.at(-1)!];
  const best = ({ method, k, over_none: { ratio } }: TuneRow) =>
    k === 0 ? 'plain decoding' : `${named(method, k)} (${ratio.toFixed(2)}x plain decoding)`;
  const ends = first === last ? '' : `, ${best(last)} at ${last.batch_size}`;
  return `best on ${first.trace}: ${best(first)} at batch ${first.batch_size}${ends}`;
}

function gains(rows: readonly TuneRow[]): Table {
  return table(rows, [
    ...AT,
    { title: 'best', cell: (row) => named(row.method, row.k) },
    { title: 'tokens/s', as: RATE, cell: (row) => row.throughput_tok_per_s },
    { title: 'over none', as: RATIO, cell: (row) => gain(row.over_none) },
    { title: 'over k=3', as: RATIO, cell: (row) => gain(row.over_k3) },
    { title: 'oracle over it', as: RATIO, cell: (row) => gain(row.oracle_over) },
    {
      title: 'next best',
      cell: ({ runner_up: next }) => (next === null ? null : named(next.method, next.k)),
    },
    { title: 'gain over that', as: RATIO, cell: ({ runner_up: next }) => sureGain(next?.over ?? null) },
  ]);
}

/** The best tree of every batch size; nothing where no tree was asked for. */
function treesSection(rows: readonly TreeRow[]): Section {
  const [first] = rows;
  if (first === undefined) return [];
  const wins = rows.filter(({ over_chain }) => over_chain.lo > 1).map(({ batch_size }) => batch_size);
  const wasted = rows.map(({ wasted_verify_share: share }) => 100 * (share ?? 0));
  const least = Math.min(...wasted).toFixed(0);
  const most = Math.max(...wasted).toFixed(0);
  const verdict =
    wins.length === 0
      ? `no tree of ${first.method} surely beats its best chain at these batch sizes`
      : wins.length === rows.length
        ? `a tree of ${first.method} beats its best chain at all of these batch sizes`
        : `a tree of ${first.method} beats its best chain up to batch ${Math.max(...wins)}; above, a chain does as well or better`;
  return [
    sentence(
      `${verdict}; ${least === most ? most : `${least} to ${most}`}% of what the trees verify is thrown away`,
    ),
    sentence(`the best compromise over these batch sizes, as SGLang's flags name it, is ${first.fixed_tree}`),
    table(rows, [
      ...AT,
      { title: 'best tree', cell: (row) => row.tree },
      { title: 'tokens/round', as: fixed(2), cell: (row) => row.tokens_per_round },
      { title: 'verified/round', as: fixed(0), cell: (row) => row.verified_per_round },
      { title: 'over none', as: RATIO, cell: (row) => gain(row.over_none) },
      { title: 'best chain', cell: (row) => (row.chain_k === 0 ? 'none' : `k=${row.chain_k}`) },
      { title: 'over that', as: RATIO, cell: (row) => sureGain(row.over_chain) },
      { title: `over ${first.fixed_tree}`, as: RATIO, cell: (row) => sureGain(row.over_fixed) },
    ]),
  ];
}

function scheduleLines({ method, mean_speedup, contexts }: MethodSchedule): Block[] {
  const mean = `mean ${mean_speedup.toFixed(2)}x`;
  const several = contexts.length > 1;
  const lines = contexts.map(({ contextTokens, ranges }) => {
    const lengths = joined(ranges).map(
      ({ lo, hi, k }) => `${lo === hi ? lo : `${lo}-${hi}`}:${k === 0 ? 'off' : k}`,
    );
    const at = contextTokens === null ? '' : ` at ${contextTokens}`;
    return `  ${method}${at}: ${lengths.join('  ')}${several ? '' : `  (${mean})`}`;
  });
  return [...lines, ...(several ? [`  ${method}: ${mean} over these contexts`] : [])].map(sentence);
}

function named(method: string, k: number): string {
  return k === 0 ? 'none' : `${method} k=${k}`;
}

function gain(over: Ratio | null): Cell {
  return over === null ? null : within(over.ratio, over.lo, over.hi);
}

function sureGain(over: Ratio | null): Cell {
  if (over === null || over.lo > 1 || over.hi < 1) return gain(over);
  return { value: over.ratio, text: `${cellText(gain(over), RATIO)} not sure` };
}

/** One line for each trace, context and batch size. */
function flatTuning({ schemaVersion, rows, trees, switching = [] }: Tuning): FlatTable {
  const flat = rows.map(({ over_none, over_k3, oracle_over, runner_up, ...row }, r) => ({
    schema_version: schemaVersion,
    ...row,
    ...spread('over_none', over_none),
    ...spread('over_k3', over_k3),
    ...spread('oracle_over', oracle_over),
    runner_up_method: runner_up?.method ?? null,
    runner_up_k: runner_up?.k ?? null,
    ...spread('over_runner_up', runner_up?.over ?? null),
    ...(switching.length > 0 && switchingColumns(switching, row)),
    ...(trees.length > 0 && {
      tree: trees[r]!.tree,
      tree_verified_per_round: trees[r]!.verified_per_round,
      tree_tokens_per_round: trees[r]!.tokens_per_round,
      tree_wasted_verify_share: trees[r]!.wasted_verify_share,
      ...spread('tree_over_none', trees[r]!.over_none),
      tree_chain_k: trees[r]!.chain_k,
      ...spread('tree_over_chain', trees[r]!.over_chain),
      fixed_tree: trees[r]!.fixed_tree,
      ...spread('tree_over_fixed', trees[r]!.over_fixed),
    }),
  }));
  return { columns: Object.keys(flat[0] ?? {}), rows: flat.map((row) => Object.values(row)) };
}
