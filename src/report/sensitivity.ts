/** Elasticities for people and as flat rows. */
import type { Inputs } from '../scenario/inputs.ts';
import type { Elasticity, Sensitivity, SensitivityRow } from '../scenario/sensitivity.ts';
import type { FlatTable } from './flat-rows.ts';
import { overrideLines, settingLabel, workloadLines } from './setting.ts';
import { type Column, decimals, textTable } from './text-table.ts';

/** Elasticities smaller than this at every batch size are named, not shown. */
const SMALL = 0.005;

/** The whole report as text, one trailing newline. */
export function summarizeSensitivity(result: Sensitivity, inputs: Inputs): string {
  const { config, configHash, tool, rows, warnings, step } = result;
  const { hardware, engine, target } = inputs;
  const batches = config.batch.length;
  const sections = [
    [
      `${tool}: what moves ${target.name} (${config.dtype}) on ${config.tp === 1 ? '' : `${config.tp} x `}${hardware.label}`,
      `  gpu      ${hardware.name}, efficiency: ${hardware.calibration}`,
      `  engine   ${engine.label}`,
      ...overrideLines(inputs.overrides),
      ...workloadLines(inputs),
      `  config   ${configHash.slice(0, 12)}, seed ${config.seed}`,
      `elasticities: change of the result in % for 1 % more of the parameter (central differences, ${100 * step} %)`,
    ],
    ...Array.from({ length: rows.length / batches }, (_, g) =>
      table(rows.slice(g * batches, (g + 1) * batches)),
    ),
    warnings.map((warning) => `warning: ${warning}`),
  ];
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

/** One line for each row and parameter. */
export function flatElasticities({ schemaVersion, rows }: Sensitivity): FlatTable {
  const flat = rows.flatMap(({ elasticities, ...row }) =>
    elasticities.map(({ parameter, throughput, speedup }) => ({
      schema_version: schemaVersion,
      ...row,
      parameter,
      throughput_elasticity: throughput,
      speedup_elasticity: speedup,
    })),
  );
  return { columns: Object.keys(flat[0] ?? {}), rows: flat.map((row) => Object.values(row)) };
}

/** One trace, method and k: parameters down, batch sizes across. */
function table(rows: readonly SensitivityRow[]): string[] {
  const [first] = rows;
  const plain = first!.method === 'none';
  const by = rows.map(({ elasticities }) => new Map(elasticities.map((one) => [one.parameter, one])));
  const most = (name: string) => Math.max(...by.map((of) => size(of.get(name)!)));
  const names = first!.elasticities.map(({ parameter }) => parameter).sort((a, b) => most(b) - most(a));
  const shown = names.filter((name) => most(name) >= SMALL);
  const small = names.filter((name) => most(name) < SMALL && most(name) > 0);
  const across = (what: string): Column[] =>
    rows.map(({ batch_size }) => ({ title: `${what} @${batch_size}`, align: 'right' }));
  return [
    `trace ${first!.trace}, ${settingLabel(first!)}`,
    ...textTable(
      [{ title: 'parameter', align: 'left' }, ...across('tokens/s'), ...(plain ? [] : across('speedup'))],
      shown.map((name) => [
        name,
        ...by.map((of) => signed(of.get(name)!.throughput)),
        ...(plain ? [] : by.map((of) => signed(of.get(name)!.speedup!))),
      ]),
    ),
    ...(small.length === 0 ? [] : [`  below ${SMALL}: ${small.join(', ')}`]),
  ];
}

function size({ throughput, speedup }: Elasticity): number {
  return Math.max(Math.abs(throughput), Math.abs(speedup ?? 0));
}

function signed(value: number): string {
  const text = decimals(value, 3);
  return text.startsWith('-') ? text : `+${text}`;
}
