/** Explanations for people and as flat rows. */
import type { ExplainResult, Explanation } from '../decide/explain.ts';
import type { TokenTime } from '../decide/token-time.ts';
import type { Inputs } from '../scenario/inputs.ts';
import type { FlatTable } from './flat-rows.ts';
import { kept } from './next-run.ts';
import { overrideLines, workloadLines } from './setting.ts';
import { decimals, textTable, threeDigits } from './text-table.ts';

const PARTS: readonly (readonly [keyof TokenTime, string])[] = [
  ['rejected_draft', 'drafting tokens that are rejected'],
  ['rejected_verify', 'verifying them'],
  ['draft', 'drafting tokens that are kept'],
  ['overhead', 'host and sampling'],
  ['verify', 'verifying tokens that are kept'],
];

/** The whole report as text, one trailing newline. */
export function summarizeExplanations(result: ExplainResult, inputs: Inputs): string {
  const { config, configHash, tool, rows, warnings } = result;
  const { hardware, engine, target, overrides } = inputs;
  const [first] = rows;
  const command = [
    ...kept(
      inputs,
      inputs.methods[0]!.parts.map(({ name }) => name),
    ),
    ...['--trace', config.trace[0]!, '--method', first!.method, '--batch', config.batch.join()],
  ];
  const sections = [
    [
      `${tool}: why ${first!.method} k=${first!.k} is as fast as it is, ${target.name} (${config.dtype}) on ${config.tp === 1 ? '' : `${config.tp} x `}${hardware.label}`,
      `  gpu      ${hardware.name}, efficiency: ${hardware.calibration}`,
      `  engine   ${engine.label}`,
      ...overrideLines(overrides),
      ...workloadLines(inputs),
      `  config   ${configHash.slice(0, 12)}, seed ${config.seed}`,
    ],
    ...rows.flatMap(section),
    warnings.map((warning) => `warning: ${warning}`),
    ['next, the best k at every batch size:', `  specsim tune ${command.join(' ')}`],
  ];
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

function section(row: Explanation): string[][] {
  const bound = row.draft_bound_by === null ? '' : `drafting is bound by ${row.draft_bound_by}, `;
  return [
    [
      `trace ${row.trace}, batch ${row.batch_size}: ${row.speedup.toFixed(2)}x (${row.speedup_lo.toFixed(2)}-${row.speedup_hi.toFixed(2)}), ${stops(row)}; ${lastThatPays(row)}`,
      `${bound}verification by ${row.verify_bound_by}; ${(100 * row.wasted_verify_share).toFixed(1)}% of the verified tokens are rejected`,
      ...textTable(
        [
          { title: 'draft', align: 'right' },
          { title: 'tokens it adds', align: 'right' },
          { title: 'needed to pay', align: 'right' },
          { title: 'ms it adds', align: 'right' },
          { title: 'pays', align: 'left' },
        ],
        row.positions.map(({ position, tokens, break_even_tokens, cost_ms, pays, sure }) => [
          `${position}${position > row.k ? '*' : ''}`,
          decimals(tokens, 3),
          decimals(break_even_tokens, 3),
          decimals(cost_ms, 3),
          `${pays ? 'yes' : 'no'}${sure ? '' : ', not sure'}`,
        ]),
      ),
      ...(row.positions.length > row.k ? [`  * beyond k=${row.k}`] : []),
    ],
    textTable(
      [
        { title: 'time per token', align: 'left' },
        { title: 'ms', align: 'right' },
        { title: 'share', align: 'right' },
      ],
      [
        ...PARTS.map(([part, label]) => [
          label,
          decimals(row.ms_per_token[part], 3),
          `${decimals((100 * row.ms_per_token[part]) / row.ms_per_token.total, 1)}%`,
        ]),
        ['all', row.ms_per_token.total.toFixed(3), '100.0%'],
      ],
    ).concat(rejectedCosts(row)),
    textTable(
      [
        { title: 'if, each on top of the last', align: 'left' },
        { title: 'saves ms', align: 'right' },
        { title: 'ms per token', align: 'right' },
        { title: 'times as fast', align: 'right' },
      ],
      row.waterfall.map(({ what, saves_ms, ms_per_token }) => [
        what,
        decimals(saves_ms, 3),
        ms_per_token.toFixed(3),
        `${(row.ms_per_token.total / ms_per_token).toFixed(2)}x`,
      ]),
    ),
    textTable(
      [
        { title: 'what would help', align: 'left' },
        { title: 'decode tokens/s', align: 'right' },
      ],
      row.remedies.map(({ what, gain }) => [
        what,
        `${gain >= 1 ? '+' : ''}${decimals(100 * (gain - 1), 1)}%`,
      ]),
    ),
  ];
}

function stops({
  break_even_batch: batch,
  unsure_from_batch: unsure,
  break_even_searched_to: limit,
}: Explanation): string {
  if (batch === 1) return 'never pays';
  const surely =
    unsure === batch ? '' : unsure === 1 ? ', nowhere surely' : `, surely up to ${(unsure ?? limit) - 1}`;
  return batch === null
    ? `pays up to batch ${limit} at least${surely}`
    : `stops paying at batch ${batch}${surely}`;
}

function lastThatPays({ positions }: Explanation): string {
  const last = positions.findLast(({ pays }) => pays)?.position;
  if (last === undefined) return 'no draft pays';
  if (last === positions.length) return `draft ${last}, the last tried, still pays`;
  return `the last draft that pays is number ${last}`;
}

function rejectedCosts({
  rejected_joules_per_mtok: joules,
  rejected_usd_per_mtok: usd,
}: Explanation): string[] {
  const costs = [
    ...(joules === null ? [] : [`${threeDigits(joules / 1000)} kJ`]),
    ...(usd === null ? [] : [`${usd.toPrecision(3)} USD`]),
  ];
  return costs.length === 0
    ? []
    : [`rejected tokens cost ${costs.join(' and ')} for a million tokens that are kept`];
}

/** One line for each trace, batch size and draft position. */
export function flatExplanations({ schemaVersion, rows }: ExplainResult): FlatTable {
  const flat = rows.flatMap(({ positions, ms_per_token, remedies: _, waterfall: __, ...row }) =>
    positions.map((position) => ({
      schema_version: schemaVersion,
      ...row,
      ...Object.fromEntries(
        Object.entries(ms_per_token).map(([part, ms]) => [`ms_per_token.${part}`, ms as number]),
      ),
      ...position,
      pays: position.pays ? 1 : 0,
      sure: position.sure ? 1 : 0,
    })),
  );
  return { columns: Object.keys(flat[0] ?? {}), rows: flat.map((row) => Object.values(row)) };
}
