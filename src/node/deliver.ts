/** An answer in the form asked for, to the terminal or to the file asked for. */
import { spreadsheet } from '../csv.ts';
import type { Document } from '../report/document.ts';
import type { FlatTable } from '../report/flat-rows.ts';
import type { FORMATS } from '../report/formats.ts';
import { markdownOf } from '../report/markdown.ts';
import { textOf } from '../report/text.ts';
import { write } from './output.ts';

/** How an answer is to be written, and where: a file, or the terminal. */
export interface Delivery {
  readonly format: (typeof FORMATS)[number];
  readonly out: string | undefined;
}

interface Report {
  readonly result: object;
  flat(): FlatTable;
  document(): Document;
}

export async function deliver(report: Report, { format, out }: Delivery): Promise<void> {
  await write(render(report, format, out), out);
}

function render(
  { result, flat, document }: Report,
  format: Delivery['format'],
  out: string | undefined,
): string {
  switch (format) {
    case 'json':
      return `${JSON.stringify(result, null, 2)}\n`;
    case 'csv':
      return spreadsheet(flat());
    case 'table':
      return textOf(document(), out === undefined && process.stdout.isTTY ? terminalWidth() : undefined);
    case 'markdown':
      return markdownOf(document());
  }
}

/** COLUMNS, or what the terminal says; at least what a table needs. */
function terminalWidth(): number {
  return Math.max(60, Number(process.env.COLUMNS) || process.stdout.columns || 0);
}
