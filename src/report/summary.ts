/** A result for people: what was simulated, the table, where the time goes, what was wasted, what next. */
import type { Inputs } from '../scenario/inputs.ts';
import type { Result, Row } from '../scenario/result.ts';
import { nextRun } from './next-run.ts';
import { mixing, servingTable } from './serving.ts';
import { overrideLines, settingLabel, workloadLines } from './setting.ts';
import { textTable, tokensPerSecond } from './text-table.ts';

const BAR_WIDTH = 50;
const PARTS = [
  { name: 'draft', mark: 'd' },
  { name: 'verify', mark: 'V' },
  { name: 'sampling', mark: 's' },
  { name: 'overhead', mark: 'o' },
  { name: 'prefill', mark: 'p' },
] as const;

/** The whole report as text, one trailing newline. */
export function summarize(result: Result, inputs: Inputs): string {
  // By place, not by name: two files of one data set are two traces of the same name.
  const rowsPerTrace = result.rows.length / inputs.traces.length;
  const sections = [
    setting(result, inputs),
    ...inputs.traces.flatMap((trace, index) => {
      const rows = result.rows.slice(index * rowsPerTrace, (index + 1) * rowsPerTrace);
      return [
        [`trace ${trace.name}`, ...speedTable(rows)],
        policyTable(rows),
        servingTable(rows),
        mixing(rows),
        timeBars(rows),
        waste(rows),
      ];
    }),
    result.warnings.map((warning) => `warning: ${warning}`),
    nextRun(result, inputs),
  ];
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

function setting({ config, configHash, tool }: Result, inputs: Inputs): string[] {
  const { hardware, engine, target } = inputs;
  return [
    `${tool}: speculative decoding of ${target.name} (${config.dtype}) on ${config.tp === 1 ? '' : `${config.tp} x `}${hardware.label}`,
    `  gpu      ${hardware.name}, efficiency: ${hardware.calibration}`,
    `  engine   ${config.cost === 'roofline' ? engine.label : 'none: the linear cost model of SpecDecode-Bench'}`,
    ...overrideLines(inputs.overrides),
    ...workloadLines(inputs),
    `  config   ${configHash.slice(0, 12)}, seed ${config.seed}`,
  ];
}

function speedTable(rows: readonly Row[]): string[] {
  const open = rows[0]?.batch_size === null;
  return textTable(
    [
      { title: 'method', align: 'left' },
      { title: open ? 'load' : 'batch', align: 'right' },
      { title: 'tokens/s', align: 'right' },
      { title: 'speedup', align: 'right' },
      { title: '95% interval', align: 'right' },
      { title: 'tokens/step', align: 'right' },
      { title: 'drafted/step', align: 'right' },
      { title: 'accepted', align: 'right' },
    ],
    rows.map((row) => [
      settingLabel(row),
      open ? 'open' : String(row.batch_size),
      tokensPerSecond(row.throughput_tok_per_s),
      row.speedup === null ? '-' : `${fixed(row.speedup, 2)}x`,
      row.method === 'none' ? '-' : `${fixed(row.speedup_lo, 2)}-${fixed(row.speedup_hi, 2)}`,
      fixed(row.tokens_per_step, 2),
      fixed(row.drafted_per_step, 2),
      percent(row.acceptance_rate),
    ]),
  );
}

/** How each policy, at its best k, stands to the best k in every round; no lines where policies are not compared. */
function policyTable(rows: readonly Row[]): string[] {
  const compared = rows.filter(({ over_best_fixed: over }) => over !== undefined && over !== null);
  if (compared.length === 0) return [];
  const key = ({ method, batch_size, policy }: Row) => JSON.stringify([method, batch_size, policy]);
  const groups = new Map<string, Row>();
  for (const row of compared) {
    const best = groups.get(key(row));
    if (best === undefined || row.over_best_fixed! > best.over_best_fixed!) groups.set(key(row), row);
  }
  const order = (a: Row, b: Row) => (a.batch_size ?? 0) - (b.batch_size ?? 0);
  const methods = [...new Set(compared.map(({ method }) => method))];
  const lines = methods.flatMap((method) =>
    [...groups.values()].filter((row) => row.method === method).sort(order),
  );
  return textTable(
    [
      { title: 'against the best fixed k', align: 'left' },
      { title: compared[0]!.batch_size === null ? 'load' : 'batch', align: 'right' },
      { title: 'policy', align: 'left' },
      { title: 'its best k', align: 'right' },
      { title: 'ratio', align: 'right' },
      { title: '95% interval', align: 'right' },
      { title: '', align: 'left' },
    ],
    lines.map((row) => [
      row.method,
      row.batch_size === null ? 'open' : String(row.batch_size),
      row.policy!,
      String(row.k),
      `${fixed(row.over_best_fixed!, 3)}x`,
      row.policy === 'fixed'
        ? '-'
        : `${fixed(row.over_best_fixed_lo!, 3)}-${fixed(row.over_best_fixed_hi!, 3)}`,
      row.policy === 'fixed' ? '' : verdict(row),
    ]),
  );
}

function verdict({ over_best_fixed_lo: lo, over_best_fixed_hi: hi }: Row): string {
  return lo! > 1 ? 'faster' : hi! < 1 ? 'slower' : 'not sure';
}

function timeBars(rows: readonly Row[]): string[] {
  const key = PARTS.map(({ name, mark }) => `${mark} ${name}`).join(', ');
  const table = textTable(
    [
      { title: 'where the time goes', align: 'left' },
      { title: 'batch', align: 'right' },
      { title: key, align: 'left' },
      ...PARTS.map(({ name }) => ({ title: name, align: 'right' }) as const),
    ],
    rows.map((row) => [
      settingLabel(row),
      row.batch_size === null ? 'open' : String(row.batch_size),
      bar(row.time_share),
      ...PARTS.map(({ name }) => percent(row.time_share[name])),
    ]),
  );
  return table;
}

/** Marks in proportion, rounded so that they fill the bar exactly. */
function bar(share: Row['time_share']): string {
  let text = '';
  let upTo = 0;
  for (const { name, mark } of PARTS) {
    upTo += share[name];
    text += mark.repeat(Math.max(0, Math.round(upTo * BAR_WIDTH) - text.length));
  }
  return text;
}

function waste(rows: readonly Row[]): string[] {
  const drafting = rows.filter((row) => row.acceptance_rate !== null);
  const lines = new Map<string, string>();
  for (const row of drafting) lines.set(settingLabel(row), percent(row.wasted_verify_share));
  if (lines.size === 0) return [];
  return [
    'verified tokens thrown away (rejected drafts)',
    ...[...lines].map(([name, share]) => `  ${name}: ${share}`),
  ];
}

function fixed(value: number | null, digits: number): string {
  return value === null ? '-' : value.toFixed(digits);
}

function percent(share: number | null): string {
  return share === null ? '-' : `${(100 * share).toFixed(1)}%`;
}
