/** What tune says of a schedule whose changes cost something. */
import { fixed, RATIO, type Section, type Shown, sentence, table, within } from '../report/document.ts';
import { SWITCHING_COSTS, type SwitchingCost, type SwitchingRow, switchingVerdict } from './switching.ts';
import { AT, spread } from './tune-columns.ts';

/** Columns of the row of the same trace, context and batch size; empty where there is none. */
export function switchingColumns(
  rows: readonly SwitchingRow[],
  {
    trace,
    context_tokens: context,
    batch_size: batch,
  }: Pick<SwitchingRow, 'trace' | 'context_tokens' | 'batch_size'>,
): Record<string, string | number | null> {
  const own = rows.find(
    (row) => row.trace === trace && row.context_tokens === context && row.batch_size === batch,
  );
  return {
    schedule_method: own?.method ?? null,
    single_k: own?.single_k ?? null,
    ...spread('schedule_over_single', own?.over_single ?? null),
    schedule_step_ms: own?.step_ms ?? null,
    ...Object.fromEntries(
      Object.keys(SWITCHING_COSTS).map((name) => [
        `schedule_${name}_ms`,
        own?.cost_ms[name as SwitchingCost] ?? null,
      ]),
    ),
  };
}

/** Nothing where nothing changes, or changes are free. */
export function switchingSection(rows: readonly SwitchingRow[]): Section {
  if (rows.length === 0) return [];
  const cost = (title: string, name: SwitchingCost): Shown<SwitchingRow> => ({
    title,
    as: fixed(2),
    cell: ({ cost_ms }) => cost_ms[name],
    needs: ({ cost_ms }) => Math.abs(cost_ms[name]) >= 0.005,
  });
  return [
    sentence(switchingVerdict(rows)),
    sentence(
      `the schedule over fixed k=${rows[0]!.single_k}, different requests at a time; ms of a step that each cost takes`,
    ),
    table(rows, [
      ...AT,
      {
        title: 'over fixed',
        as: RATIO,
        cell: ({ over_single: { ratio, lo, hi } }) => within(ratio, lo, hi),
      },
      { title: 'ms/step', as: fixed(2), cell: (row) => row.step_ms },
      cost('changes', 'changes'),
      cost('drafter off', 'drafter'),
      cost('graphs', 'graphs'),
      cost('held back', 'limits'),
    ]),
  ];
}
