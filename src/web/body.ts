/** What stands in the middle: cards of the setting that is looked at, pictures with their numbers, and A beneath. */
import { html, nothing, type TemplateResult } from 'lit-html';
import { unsafeHTML } from 'lit-html/directives/unsafe-html.js';
import { line } from '../charts/speedup.ts';
import type { Chart, ChartKind } from '../plot/chart.ts';
import { draw, figuresOf } from '../plot/draw.ts';
import { valueText } from '../plot/scale.ts';
import type { ThemeName } from '../plot/themes.ts';
import { settingLabel } from '../report/setting.ts';
import type { Ratio } from '../scenario/bench.ts';
import type { Row } from '../scenario/result.ts';
import { clear, hover, walk } from './marks.ts';
import type { Pinned } from './view.ts';

export const NAMES: Readonly<Record<ChartKind, string>> = {
  speedup: 'Speedup',
  time: 'Time',
  pass: 'Price of a pass',
  roofline: 'Roofline',
  acceptance: 'Acceptance',
  best: 'Best setting',
  tree: 'Trees',
  waterfall: 'To the bound',
  pareto: 'User against GPU',
  capacity: 'Capacity',
  rounds: 'Rounds',
};

const times = (value: number) => `${value.toFixed(2)}x`;
const percent = (share: number) => `${(100 * share).toFixed(0)}%`;
const interval = (lo: number | null, hi: number | null) =>
  lo === null || hi === null ? 'interval follows' : `${lo.toFixed(2)} to ${hi.toFixed(2)} (95%)`;

interface Card {
  name(row: Row): string;
  value(row: Row): string;
  note(row: Row): string;
}

const CARDS: readonly Card[] = [
  {
    name: (row) =>
      `${settingLabel(row)}, ${row.batch_size === null ? 'as they arrive' : `batch ${row.batch_size}`}`,
    value: ({ speedup, tpot_ratio: tpot }) => {
      const ratio = speedup ?? tpot ?? null;
      return ratio === null ? 'none' : times(ratio);
    },
    note: (row) =>
      interval(row.speedup_lo ?? row.tpot_ratio_lo ?? null, row.speedup_hi ?? row.tpot_ratio_hi ?? null),
  },
  {
    name: () => 'tokens/s',
    value: (row) => valueText(row.throughput_tok_per_s),
    note: (row) => `plain ${valueText(row.baseline_throughput_tok_per_s)}`,
  },
  { name: () => 'verifying', value: (row) => percent(row.time_share.verify), note: () => 'of the time' },
  {
    name: () => 'drafting',
    value: (row) => percent(row.time_share.draft),
    note: (row) => `${row.tokens_per_round?.toFixed(2) ?? 'no'} tokens a round`,
  },
];

/** @param over throughput over that of A, where both face the same requests */
export function cards(row: Row, pinned: Pinned | null, over: Ratio | null): TemplateResult {
  const than =
    over === null
      ? 'other requests than A: no interval of a ratio'
      : `${times(over.ratio)} the throughput of A, ${interval(over.lo, over.hi)}`;
  return html`${CARDS.map(({ name, value, note }) => {
    const before = pinned && html`<p class="pinned">A: ${value(pinned.row)}, ${note(pinned.row)}</p>`;
    return html`<div class="card"><h2>${name(row)}</h2><p class="value">${value(row)}</p><p>${note(row)}</p>${before ?? nothing}</div>`;
  })}${pinned === null ? nothing : html`<p class="card over">${than}</p>`}`;
}

/** The chart with A beneath, dashed and grey. */
export function withPin(chart: Chart, { row, rows }: Pinned): Chart {
  const [panel, ...others] = chart.panels;
  if (chart.kind !== 'speedup' || panel?.form !== 'lines') return chart;
  const own = rows.filter((one) => one.method === row.method && one.k === row.k && one.trace === row.trace);
  const series = { ...line(own), name: `A: ${settingLabel(row)}`, hue: 'plain', dashed: true } as const;
  return { ...chart, panels: [{ ...panel, series: [series, ...panel.series] }, ...others] };
}

/** A picture, what its marks say, and its numbers. @param unfit why there is none */
export function figure(
  kind: ChartKind,
  chart: Chart | undefined,
  unfit: string | undefined,
  theme: ThemeName,
  height: number,
): TemplateResult {
  if (chart === undefined)
    return html`<figure class="empty" aria-busy=${unfit === undefined}>${unfit ?? NAMES[kind]}</figure>`;
  const main = document.querySelector('main')!;
  const holder = main.querySelector(`#picture-${kind}`);
  const width = Math.max(320, holder?.clientWidth ?? Math.min(760, main.clientWidth - 40));
  const name = NAMES[kind].toLowerCase();
  const cell = (value: string | number | null) =>
    html`<td>${typeof value === 'number' ? valueText(value) : (value ?? '')}</td>`;
  return html`<figure>
    <div class="picture" id="picture-${kind}" tabindex="0" role="group" aria-label="${chart.title}. ${chart.summary} Arrow keys walk its marks."
      @keydown=${walk} @mousemove=${hover} @mouseleave=${clear}>${unsafeHTML(draw(chart, theme, { width, height }))}</div>
    <figcaption class="mark-says"></figcaption>
    <details><summary>Numbers of ${name}</summary>
    <div class="scroll" tabindex="0" role="group" aria-label="table of ${name}">${figuresOf(chart).map(
      ({
        columns,
        rows,
      }) => html`<table><thead><tr>${columns.map((column) => html`<th scope="col">${column}</th>`)}</tr></thead>
        <tbody>${rows.map((row) => html`<tr>${row.map(cell)}</tr>`)}</tbody></table>`,
    )}</div></details></figure>`;
}
