/** What tune found, for people and as flat rows. */
import { joined } from '../decide/schedule.ts';
import { DEFAULT_MAX_K, type MethodSchedule, TIE, type TuneRow, type Tuning } from '../decide/tune.ts';
import { bestForVllm } from '../decide/vllm.ts';
import type { Ratio } from '../scenario/bench.ts';
import type { Inputs } from '../scenario/inputs.ts';
import type { FlatTable } from './flat-rows.ts';
import { kept } from './next-run.ts';
import { overrideLines, workloadLines } from './setting.ts';
import { textTable, tokensPerSecond } from './text-table.ts';

/** The whole report as text, one trailing newline. */
export function summarizeTuning(result: Tuning, inputs: readonly Inputs[]): string {
  const { config, configHash, tool, rows, schedules, warnings } = result;
  const { hardware, engine, target, overrides, traces } = inputs[0]!;
  const perTrace = rows.length / traces.length;
  const methods = schedules.length / traces.length;
  const sections = [
    [
      `${tool}: how to draft for ${target.name} (${config.dtype}) on ${config.tp === 1 ? '' : `${config.tp} x `}${hardware.label}`,
      `  gpu      ${hardware.name}, efficiency: ${hardware.calibration}`,
      `  engine   ${engine.label}`,
      ...overrideLines(overrides),
      ...workloadLines(inputs[0]!),
      `  config   ${configHash.slice(0, 12)}, seed ${config.seed}`,
      `smallest k within ${100 * TIE} % of the best; gains with 95 % intervals on the same requests`,
    ],
    ...traces.flatMap(({ name }, t) => [
      [`trace ${name}`, ...table(rows.slice(t * perTrace, (t + 1) * perTrace))],
      [
        'schedules, batch sizes:k (a size that was tried decides up to the next)',
        ...schedules.slice(t * methods, (t + 1) * methods).flatMap(scheduleLines),
      ],
    ]),
    warnings.map((warning) => `warning: ${warning}`),
    nextTune(result, inputs),
  ];
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

/** The command that prints the first trace's best schedule for an engine. */
function nextTune({ config, maxK, schedules }: Tuning, inputs: readonly Inputs[]): string[] {
  const best = bestForVllm(schedules);
  if (best === undefined) return [];
  const { method, contexts } = best;
  if (contexts.every(({ ranges }) => ranges.every(({ k }) => k === 0))) return [];
  const [first] = inputs;
  const forContext =
    inputs.length === 1
      ? ['--emit vllm']
      : ['--emit vllm-2d', '--context', contexts.map(({ contextTokens }) => contextTokens).join()];
  const scenario = { ...first!.scenario, ...(inputs.length > 1 && { promptLen: null }) };
  const flags = [
    ...kept({ ...first!, scenario }, [method]),
    ...['--trace', config.trace[0]!, '--method', method, '--batch', config.batch.join()],
    ...(maxK === DEFAULT_MAX_K ? [] : ['--max-k', String(maxK)]),
    ...forContext,
  ];
  return [`next, the schedule of ${method} for vLLM:`, `  specsim tune ${flags.join(' ')}`];
}

function table(rows: readonly TuneRow[]): string[] {
  const contexts = rows.some(({ context_tokens }) => context_tokens !== null);
  return textTable(
    [
      ...(contexts ? [{ title: 'context', align: 'right' } as const] : []),
      { title: 'batch', align: 'right' },
      { title: 'best', align: 'left' },
      { title: 'tokens/s', align: 'right' },
      { title: 'over none', align: 'right' },
      { title: 'over k=3', align: 'right' },
      { title: 'oracle over it', align: 'right' },
      { title: 'next best', align: 'left' },
      { title: 'gain over that', align: 'right' },
    ],
    rows.map((row) => [
      ...(contexts ? [String(row.context_tokens)] : []),
      String(row.batch_size),
      named(row.method, row.k),
      tokensPerSecond(row.throughput_tok_per_s),
      gain(row.over_none),
      row.over_k3 === null ? '-' : gain(row.over_k3),
      gain(row.oracle_over),
      row.runner_up === null ? '-' : named(row.runner_up.method, row.runner_up.k),
      row.runner_up === null
        ? '-'
        : `${gain(row.runner_up.over)}${excludesOne(row.runner_up.over) ? '' : ' not sure'}`,
    ]),
  );
}

function scheduleLines({ method, mean_speedup, contexts }: MethodSchedule): string[] {
  return contexts.map(
    ({ contextTokens, ranges }) =>
      `  ${method}${contextTokens === null ? '' : ` at ${contextTokens}`}: ${joined(ranges)
        .map(({ lo, hi, k }) => `${lo === hi ? lo : `${lo}-${hi}`}:${k === 0 ? 'off' : k}`)
        .join('  ')}  (mean ${mean_speedup.toFixed(2)}x)`,
  );
}

function named(method: string, k: number): string {
  return k === 0 ? 'none' : `${method} k=${k}`;
}

function gain({ ratio, lo, hi }: Ratio): string {
  return `${ratio.toFixed(2)}x ${lo.toFixed(2)}-${hi.toFixed(2)}`;
}

function excludesOne({ lo, hi }: Ratio): boolean {
  return lo > 1 || hi < 1;
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
