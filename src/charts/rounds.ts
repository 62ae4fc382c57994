/** What does a round look like? */
import type { Bar, Chart, Hue } from '../plot/chart.ts';
import { valueText } from '../plot/scale.ts';
import type { Rounds } from '../scenario/rounds.ts';
import { foot, fromZero, hueOf, nameOf, where } from './words.ts';

/** Columns that are drawn: more would be too thin to see. */
const MOST = 96;

export function roundsChart(answer: Rounds): Chart {
  const { rounds, row, request, baselineStepMs, stepMs } = answer;
  const tokens = rounds.reduce((sum, { accepted }) => sum + accepted + 1, 0);
  const rest = rounds.length > MOST ? `first ${MOST} of ${rounds.length} rounds` : `${rounds.length} rounds`;
  const label = `ms of decoding at batch ${row.batch_size}, every step as long as the mean`;
  const plain = Array.from({ length: tokens }, () => 1);
  return {
    kind: 'rounds',
    title: `One request, round by round: ${nameOf(row)}, ${where(answer)}`,
    subtitle: `request ${request} of trace ${row.trace} (${row.trace_kind}); a column is a round`,
    summary: `${rounds.length} rounds give ${tokens} tokens, ${(tokens / rounds.length).toFixed(2)} a round.`,
    foot: foot(answer),
    panels: [
      {
        form: 'bars',
        upright: true,
        axis: null,
        label: `${rest}; time runs to the right`,
        legend: [
          { name: 'bonus token, from the verification itself', hue: 'verify' },
          { name: 'draft accepted', hue: 'draft' },
          { name: 'draft rejected', hue: 'draft', hollow: true },
        ],
        groups: [{ name: '', bands: rounds.slice(0, MOST).map(column) }],
      },
      {
        form: 'bars',
        upright: false,
        axis: fromZero(label, ' ms'),
        label,
        legend: [],
        groups: [
          {
            name: '',
            bands: [
              lane('none', 'plain', baselineStepMs, plain),
              lane(
                nameOf(row),
                hueOf(row.method),
                stepMs,
                rounds.map(({ accepted }) => accepted + 1),
              ),
            ],
          },
        ],
      },
    ],
  };
}

function column({ drafted, accepted }: Rounds['rounds'][number], r: number) {
  const says = `round ${r + 1}: ${accepted} of ${drafted} drafts accepted, ${accepted + 1} ${accepted === 0 ? 'token' : 'tokens'}`;
  const bars = Array.from({ length: drafted + 1 }, (_, row): Bar => {
    const kind = row === 0 ? 'bonus' : row <= accepted ? 'accepted' : 'rejected';
    const look = { hue: row === 0 ? 'verify' : 'draft', hollow: kind === 'rejected' } as const;
    return {
      from: row,
      to: row + 1,
      ...look,
      says,
      values: { round: r + 1, token: row, kind, drafted, accepted },
    };
  });
  return { name: '', bars };
}

/** Steps one after the other, with the tokens that each emits. */
function lane(name: string, hue: Hue, stepMs: number, tokens: readonly number[]) {
  let emitted = 0;
  const bars = tokens.map((count, step): Bar => {
    emitted += count;
    const [from, ms] = [step * stepMs, (step + 1) * stepMs];
    const says = `${name}, step ${step + 1}: ${count} ${count === 1 ? 'token' : 'tokens'}, ${emitted} after ${valueText(ms, ' ms')}`;
    return {
      from,
      to: ms,
      hue,
      label: String(count),
      says,
      values: { lane: name, step: step + 1, tokens: count, ms },
    };
  });
  return { name, hue, bars };
}
