/** A comparison of GPUs for people. */
import { RESOURCES } from '../cost/fields.ts';
import type { Comparison, ComparisonRow } from '../scenario/compare.ts';
import type { Inputs } from '../scenario/inputs.ts';
import { overrideLines, settingLabel, workloadLines } from './setting.ts';
import { textTable, tokensPerSecond } from './text-table.ts';

/** The whole report as text, one trailing newline. */
export function summarizeComparison(result: Comparison, inputs: readonly Inputs[]): string {
  const { config, configHash, tool, rows, warnings } = result;
  const [first] = inputs;
  const { target, engine, traces } = first!;
  const sections = [
    [
      `${tool}: ${inputs.length} GPUs for ${target.name} (${config.dtype})${config.tp === 1 ? '' : `, ${config.tp} of each`}`,
      ...inputs.flatMap(({ hardware, overrides }) => [
        `  gpu      ${hardware.name}: ${hardware.label}, efficiency: ${hardware.calibration}`,
        ...overrideLines(overrides),
      ]),
      `  engine   ${engine.label}`,
      ...workloadLines(first!),
      `  best of  ${config.method.filter((method) => method !== 'none').join(', ')}; k ${config.k.join(', ')}`,
      `  config   ${configHash.slice(0, 12)}, seed ${config.seed}`,
    ],
    ...traces.flatMap(({ name }, t) => {
      // By place, not by name: two files of one data set are two traces of the same name.
      const own = rows.filter((_, i) => Math.floor(i / config.batch.length) % traces.length === t);
      return [[`trace ${name}`, ...table(own)], shares(own)];
    }),
    warnings.map((warning) => `warning: ${warning}`),
  ];
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

function table(rows: readonly ComparisonRow[]): string[] {
  return textTable(
    [
      { title: 'gpu', align: 'left' },
      { title: 'batch', align: 'right' },
      { title: 'plain tokens/s', align: 'right' },
      { title: 'best tokens/s', align: 'right' },
      { title: 'speedup', align: 'right' },
      { title: '95% interval', align: 'right' },
      { title: 'best', align: 'left' },
      { title: 'breaks even at', align: 'right' },
      { title: 'bound by', align: 'left' },
    ],
    rows.map((row) => [
      row.gpu,
      String(row.batch_size),
      tokensPerSecond(row.baseline_throughput_tok_per_s),
      tokensPerSecond(row.throughput_tok_per_s),
      `${row.speedup!.toFixed(2)}x`,
      `${row.speedup_lo!.toFixed(2)}-${row.speedup_hi!.toFixed(2)}`,
      settingLabel(row),
      breakEven(row),
      row.binding === null ? '-' : row.binding,
    ]),
  );
}

function breakEven({ break_even_batch: batch, break_even_searched_to: limit }: ComparisonRow): string {
  if (batch === null) return `none up to ${limit}`;
  return batch === 1 ? 'never pays' : String(batch);
}

function shares(rows: readonly ComparisonRow[]): string[] {
  return textTable(
    [
      { title: 'verification spent on', align: 'left' },
      { title: 'batch', align: 'right' },
      ...RESOURCES.map((title) => ({ title, align: 'right' }) as const),
    ],
    rows.map((row) => [
      row.gpu,
      String(row.batch_size),
      ...RESOURCES.map((resource) =>
        row.verification_share === null ? '-' : `${(100 * row.verification_share[resource]).toFixed(0)}%`,
      ),
    ]),
  );
}
