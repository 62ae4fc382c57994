/** What does a round look like? */
import type { Bar, Cell, CellsPanel, Chart } from '../plot/chart.ts';
import { valueText } from '../plot/scale.ts';
import type { Hue } from '../plot/themes.ts';
import type { Rounds } from '../scenario/rounds.ts';
import { chartOf, fromZero, hueOf, nameOf, where } from './words.ts';

/** Columns that are drawn: more would be too thin to see. */
const MOST = 96;

type Round = Rounds['rounds'][number];

export function roundsChart(answer: Rounds): Chart {
  const { rounds, row, request, baselineStepMs, stepMs } = answer;
  const emitted = rounds.map(({ accepted }) => accepted + 1);
  const tokens = emitted.reduce((sum, one) => sum + one, 0);
  const label = `ms of decoding at batch ${row.batch_size}, every step as long as the mean`;
  const plain = Array.from({ length: tokens }, () => 1);
  const bands = [
    lane('none', 'plain', baselineStepMs, plain),
    lane(nameOf(row), hueOf(row.method), stepMs, emitted),
  ];
  return chartOf('rounds', answer, {
    title: `One request, round by round: ${nameOf(row)}, ${where(answer)}`,
    subtitle: `request ${request} of trace ${row.trace} (${row.trace_kind}); a column is a round: full drafts are accepted, hollow ones rejected`,
    summary: `${rounds.length} rounds give ${tokens} tokens, ${(tokens / rounds.length).toFixed(2)} a round.`,
    panels: [
      strip(rounds),
      { form: 'bars', upright: false, axis: fromZero(label, ' ms'), label, groups: [{ name: '', bands }] },
    ],
  });
}

/** A column a round: its drafts from above, the last first, and the token that the verification adds. */
function strip(rounds: readonly Round[]): CellsPanel {
  const shown = rounds.slice(0, MOST);
  const rest = rounds.length > MOST ? `first ${MOST} of ${rounds.length} rounds` : 'round';
  const most = Math.max(...shown.map(({ drafted }) => drafted));
  const places = Array.from({ length: most + 1 }, (_, i) => most - i);
  return {
    form: 'cells',
    x: { label: rest, names: shown.map((_, r) => (r === 0 || (r + 1) % 8 === 0 ? String(r + 1) : '')) },
    y: { label: 'token', names: places.map((place) => (place === 0 ? 'bonus' : `draft ${place}`)) },
    range: [0, 1],
    rows: places.map((place) => shown.map((round, r) => cell(round, r, place))),
  };
}

function cell({ drafted, accepted }: Round, r: number, place: number): Cell | null {
  if (place > drafted) return null;
  const kept = place <= accepted;
  const says = `round ${r + 1}: ${accepted} of ${drafted} drafts accepted, ${accepted + 1} ${accepted === 0 ? 'token' : 'tokens'}`;
  return { value: Number(kept), lines: [], says, hue: place === 0 ? 'verify' : 'draft', hollow: !kept };
}

/** Steps one after the other, with the tokens that each emits. */
function lane(name: string, hue: Hue, stepMs: number, tokens: readonly number[]) {
  let emitted = 0;
  const bars = tokens.map((count, step): Bar => {
    emitted += count;
    const [from, ms] = [step * stepMs, (step + 1) * stepMs];
    const says = `${name}, step ${step + 1}: ${count} ${count === 1 ? 'token' : 'tokens'}, ${emitted} after ${valueText(ms, ' ms')}`;
    const values = { lane: name, step: step + 1, tokens: count, ms };
    return { from, to: ms, hue, label: String(count), says, values };
  });
  return { name, hue, bars };
}
