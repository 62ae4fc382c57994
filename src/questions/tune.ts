/** What tune found, for people and as flat rows. */

import { cellText } from '../report/cell.ts';
import {
  type Block,
  type Cell,
  type Document,
  RATE,
  RATIO,
  type Section,
  sentence,
  type Table,
  table,
  WHOLE,
  warningsSection,
} from '../report/document.ts';
import type { FlatTable } from '../report/flat-rows.ts';
import { head, modelOn } from '../report/head.ts';
import { next } from '../report/next-run.ts';
import type { Ratio } from '../scenario/bench.ts';
import type { Inputs } from '../scenario/inputs.ts';
import { joined } from './schedule.ts';
import { DEFAULT_MAX_K, type MethodSchedule, TIE, type TuneRow, type Tuning } from './tuning.ts';
import { bestForVllm } from './vllm.ts';

export function tuneDocument(result: Tuning, inputs: readonly Inputs[]): Document {
  const { rows, schedules, warnings } = result;
  const [first] = inputs;
  const { traces } = first!;
  const perTrace = rows.length / traces.length;
  const methods = schedules.length / traces.length;
  return [
    [
      ...head(result, [first!], `how to draft for ${modelOn(first!)}`),
      sentence(
        `smallest k within ${100 * TIE} % of the best; gains with 95 % intervals on the same requests`,
      ),
    ],
    ...traces.flatMap(({ name }, t): Section[] => [
      [sentence(`trace ${name}`), gains(rows.slice(t * perTrace, (t + 1) * perTrace))],
      [
        sentence('schedules, batch sizes:k (a size that was tried decides up to the next)'),
        ...schedules.slice(t * methods, (t + 1) * methods).flatMap(scheduleLines),
      ],
    ]),
    warningsSection(warnings),
    nextTune(result, inputs),
  ];
}

/** The command that prints the first trace's best schedule for an engine. */
function nextTune({ config, maxK, schedules }: Tuning, inputs: readonly Inputs[]): Section {
  const best = bestForVllm(schedules);
  if (best === undefined) return [];
  const { method, contexts } = best;
  if (contexts.every(({ ranges }) => ranges.every(({ k }) => k === 0))) return [];
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
    ...['--emit', byContext ? 'vllm-2d' : 'vllm'],
    ...(byContext ? ['--context', contexts.map(({ contextTokens }) => contextTokens).join()] : []),
  ];
  return [sentence(`next, the schedule of ${method} for vLLM:`), next('tune', first!, asks, more)];
}

function gains(rows: readonly TuneRow[]): Table {
  return table(rows, [
    {
      title: 'context',
      as: WHOLE,
      cell: (row) => row.context_tokens,
      needs: (row) => row.context_tokens !== null,
    },
    { title: 'batch', as: WHOLE, cell: (row) => row.batch_size },
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

function scheduleLines({ method, mean_speedup, contexts }: MethodSchedule): Block[] {
  return contexts.map(({ contextTokens, ranges }) =>
    sentence(
      `  ${method}${contextTokens === null ? '' : ` at ${contextTokens}`}: ${joined(ranges)
        .map(({ lo, hi, k }) => `${lo === hi ? lo : `${lo}-${hi}`}:${k === 0 ? 'off' : k}`)
        .join('  ')}  (mean ${mean_speedup.toFixed(2)}x)`,
    ),
  );
}

function named(method: string, k: number): string {
  return k === 0 ? 'none' : `${method} k=${k}`;
}

function gain(over: Ratio | null): Cell {
  return over === null ? null : [over.ratio, over.lo, over.hi];
}

function sureGain(over: Ratio | null): Cell {
  if (over === null || over.lo > 1 || over.hi < 1) return gain(over);
  return { value: over.ratio, text: `${cellText(gain(over), RATIO)} not sure` };
}

/** One line for each trace, context and batch size. */
export function flatTuning({ schemaVersion, rows }: Tuning): FlatTable {
  const spread = (name: string, ratio: Ratio | null) => ({
    [name]: ratio?.ratio ?? null,
    [`${name}_lo`]: ratio?.lo ?? null,
    [`${name}_hi`]: ratio?.hi ?? null,
  });
  const flat = rows.map(({ over_none, over_k3, oracle_over, runner_up, ...row }) => ({
    schema_version: schemaVersion,
    ...row,
    ...spread('over_none', over_none),
    ...spread('over_k3', over_k3),
    ...spread('oracle_over', oracle_over),
    runner_up_method: runner_up?.method ?? null,
    runner_up_k: runner_up?.k ?? null,
    ...spread('over_runner_up', runner_up?.over ?? null),
  }));
  return { columns: Object.keys(flat[0] ?? {}), rows: flat.map((row) => Object.values(row)) };
}
