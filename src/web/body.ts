/** What stands in the middle: cards of the setting that is looked at, pictures with their numbers, and A beneath. */
import { html, nothing, type TemplateResult } from 'lit-html';
import { unsafeHTML } from 'lit-html/directives/unsafe-html.js';
import { line } from '../charts/speedup.ts';
import { times } from '../charts/words.ts';
import { CHART_NAMES, type Chart, type ChartKind } from '../plot/chart.ts';
import { valueText } from '../plot/scale.ts';
import { plainText } from '../plot/text.ts';
import { numbersOf } from '../report/one-file.ts';
import { settingLabel } from '../report/setting.ts';
import type { Ratio } from '../scenario/bench.ts';
import type { Row } from '../scenario/result.ts';
import { hover, walk } from './marks.ts';
import type { Pinned } from './view.ts';

const percent = (share: number) => `${(100 * share).toFixed(0)}%`;
const interval = (lo: number | null | undefined, hi: number | null | undefined) =>
  typeof lo !== 'number' || typeof hi !== 'number'
    ? 'interval follows'
    : `${lo.toFixed(2)} to ${hi.toFixed(2)} (95%)`;

/** Name, value and note of each card. */
function cardsOf(row: Row): [name: string, value: string, note: string][] {
  const { batch_size: batch, time_share: share, tokens_per_round: tokens } = row;
  const load = batch === null ? 'as they arrive' : `batch ${batch}`;
  const ratio = row.speedup ?? row.tpot_ratio;
  const [lo, hi] = [row.speedup_lo ?? row.tpot_ratio_lo, row.speedup_hi ?? row.tpot_ratio_hi];
  const plain = `plain ${valueText(row.baseline_throughput_tok_per_s)}`;
  return [
    [`${settingLabel(row)}, ${load}`, typeof ratio === 'number' ? times(ratio) : 'none', interval(lo, hi)],
    ['tokens/s', valueText(row.throughput_tok_per_s), plain],
    ['verifying', percent(share.verify), 'of the time'],
    ['drafting', percent(share.draft), `${tokens?.toFixed(2) ?? 'no'} tokens a round`],
  ];
}

/** @param over throughput over that of A, where both face the same requests */
export function cards(row: Row, pinned: Pinned | null, over: Ratio | null): TemplateResult {
  const before = pinned && cardsOf(pinned.row);
  const than =
    over === null
      ? 'other requests than A: no interval of a ratio'
      : `${times(over.ratio)} the throughput of A, ${interval(over.lo, over.hi)}`;
  return html`${cardsOf(row).map(([name, value, note], c) => {
    const a = before && html`<p class="pinned">A: ${before[c]![1]}, ${before[c]![2]}</p>`;
    return html`<div class="card"><h2>${name}</h2><p class="value">${value}</p><p>${note}</p>${a ?? nothing}</div>`;
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

/** A warning of the core's. */
export const warned = (text: string) => html`<p class="warning">warning: ${plainText(text)}</p>`;

/**
 * A picture, what its marks say, its numbers, and what its own answer warns of.
 *
 * @param drawn as SVG
 * @param known warnings that are told elsewhere
 */
export function figure(chart: Chart, drawn: string, known: readonly string[]): TemplateResult {
  const name = CHART_NAMES[chart.kind];
  return html`<figure>
    <div class="picture" id="picture-${chart.kind}" tabindex="0" role="group" aria-label="${chart.title}. ${chart.summary} Arrow keys walk its marks."
      @keydown=${walk} @mousemove=${hover} @mouseleave=${hover}>${unsafeHTML(drawn)}</div>
    <figcaption class="mark-says"></figcaption>
    <details><summary>Numbers: ${name}</summary>
    <div class="scroll" tabindex="0" role="group" aria-label="table of ${name}">${unsafeHTML(numbersOf(chart))}</div></details>
    ${chart.warnings.filter((one) => !known.includes(one)).map(warned)}</figure>`;
}

/** Pixels that a picture has: of the place where it stands, if it does. */
export function widthOf(kind: ChartKind): number {
  const main = document.querySelector('main')!;
  const holder = main.querySelector(`#picture-${kind}`);
  return Math.max(320, holder?.clientWidth ?? Math.min(760, main.clientWidth - 40));
}
