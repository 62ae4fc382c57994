/**
 * An answer as one file that stands alone: the answer in words, its pictures with their numbers, warnings, the JSON and
 * the command that makes it again. It asks nothing of anybody, reads without script, and prints.
 */
import type { Chart } from '../plot/chart.ts';
import { draw, figuresOf } from '../plot/draw.ts';
import { valueText } from '../plot/scale.ts';
import { escaped } from '../plot/text.ts';
import type { ThemeName } from '../plot/themes.ts';
import type { Document } from './document.ts';
import { htmlOf, tableOf } from './html.ts';

export interface Report {
  readonly title: string;
  readonly command: string;
  readonly document: Document;
  readonly charts: readonly Chart[];
  readonly warnings: readonly string[];
  readonly result: object;
  readonly csv: string;
}

const STYLE = `body{font:14px/1.5 system-ui,sans-serif;max-width:860px;margin:24px auto;padding:0 16px;color:#1b1f24;background:#fff}
.dark{color:#eceff2;background:#14181d}h1{font-size:20px}section,figure{margin:16px 0}figure svg{max-width:100%;height:auto}
table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:12.5px}th,td{padding:2px 10px 2px 0;text-align:left;border-bottom:1px solid #8886}
.answer{font-size:16px;font-weight:600}.right{text-align:right}.scroll,section{overflow-x:auto}pre{white-space:pre-wrap;overflow-wrap:anywhere}.warning{color:#8a4b00;font-weight:600}.dark .warning{color:#f0b22e}dl{display:grid;grid-template-columns:90px 1fr;margin:0}dd{margin:0}
@media print{details,button{display:none}figure{break-inside:avoid}section{overflow:visible}thead{break-after:avoid}body{margin:0}}`;

const POLICY =
  "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:";

/** Saves what stands in an element, for the two buttons. */
const SCRIPT = `document.querySelectorAll('button').forEach(function(b){b.hidden=false;b.onclick=function(){var a=document.createElement('a');
a.href=URL.createObjectURL(new Blob([JSON.parse(document.getElementById(b.dataset.of).textContent)]));a.download=b.dataset.name;a.click()}})`;

/** The whole file. The same answer gives the same text. */
export function reportOf(report: Report, theme: ThemeName = 'light'): string {
  const { title, command, document, charts, warnings, result, csv } = report;
  const lead = document.flat().find((block) => block.kind === 'sentence' && !block.warning);
  const data = (id: string, text: string) =>
    `<script type="application/json" id="${id}">${JSON.stringify(text).replaceAll('<', '\\u003c')}</script>`;
  const button = (of: string, name: string) =>
    `<button hidden data-of="${of}" data-name="${name}">Save ${name}</button>`;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title><style>${STYLE}</style></head>
<body${theme === 'dark' ? ' class="dark"' : ''}><main>
<h1>${escaped(title)}</h1>
<p class="answer">${lead?.kind === 'sentence' ? escaped(lead.text) : ''}</p>
<pre>${escaped(command)}</pre>
${warnings.map((warning) => `<p class="warning">warning: ${escaped(warning)}</p>`).join('\n')}
${charts.map((chart) => figure(chart, theme)).join('\n')}
${htmlOf(document.map((section) => section.filter((block) => block !== lead && (block.kind !== 'sentence' || !block.warning))))}
<p>${button('json', 'result.json')} ${button('csv', 'rows.csv')}</p>
</main>
${data('json', `${JSON.stringify(result, null, 2)}\n`)}
${data('csv', csv)}
<script>${SCRIPT}</script>
</body></html>
`;
}

/** The numbers of a picture, as HTML. */
export function numbersOf(chart: Chart): string {
  const text = (cell: string | number | null) => (typeof cell === 'number' ? valueText(cell) : (cell ?? ''));
  return figuresOf(chart)
    .map(({ columns, rows }) => [columns, rows.map((row) => row.map(text))] as const)
    .map((table) => tableOf(...table))
    .join('\n');
}

function figure(chart: Chart, theme: ThemeName): string {
  return `<figure><p>${escaped(chart.summary)}</p>\n${draw(chart, theme)}<details><summary>The numbers</summary><div class="scroll">${numbersOf(chart)}</div></details></figure>`;
}
