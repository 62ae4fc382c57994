/** A document as text for a terminal: lines and tables that fit its width. Commands stay whole, to be copied. */
import { printable } from '../errors.ts';
import { inShell } from '../shell.ts';
import { cellText } from './cell.ts';
import type { Block, Column, Document, Table } from './document.ts';

/** Names of facts take so many columns at least. */
const NAME = 8;
/** The width where no terminal says another. */
const WIDTH = 80;
/** Columns that name a row, at most: they stand before every part of a table that is too wide. */
const KEYS = 3;

/** The whole document, one trailing newline; an empty line between sections. */
export function textOf(document: Document, width = WIDTH): string {
  return `${document
    .filter((section) => section.length > 0)
    .map((section) => section.flatMap((block) => linesOf(block, width).map(printable)).join('\n'))
    .join('\n\n')}\n`;
}

function linesOf(block: Block, width: number): string[] {
  switch (block.kind) {
    case 'sentence':
      return wrapped(block.warning ? `warning: ${block.text}` : block.text, width, 2);
    case 'facts':
      return block.facts.flatMap(([name, text]) =>
        wrapped(`  ${name.padEnd(NAME)} ${text}`, width, NAME + 3),
      );
    case 'table':
      return tableLines(block, width);
    case 'command':
      return [`  ${block.words.map(inShell).join(' ')}`];
  }
}

/** Broken at spaces, lines after the first indented; a word that is longer stays whole. */
function wrapped(text: string, width: number, indent: number): string[] {
  const lines: string[] = [];
  let rest = text;
  while (rest.length > width) {
    const least = lines.length === 0 ? indent : indent + 1;
    const within = rest.lastIndexOf(' ', width);
    const at = within > least ? within : rest.indexOf(' ', width);
    if (at < 0) break;
    lines.push(rest.slice(0, at).trimEnd());
    rest = ' '.repeat(indent) + rest.slice(at + 1);
  }
  return [...lines, rest];
}

/** A header, then a line a row; columns two spaces apart. What is too wide goes on below, its first columns again. */
function tableLines({ columns, rows }: Table, width: number): string[] {
  const texts = [
    columns.map(({ title }) => title),
    ...rows.map((row) => row.map((cell, c) => cellText(cell, columns[c]!.as))),
  ];
  const widths = columns.map((_, c) => Math.max(...texts.map((row) => row[c]!.length)));
  return partsOf(columns, widths, width).flatMap((part, p) => [
    ...(p === 0 ? [] : ['']),
    ...texts.map((row) =>
      part
        .map((c) =>
          columns[c]!.align === 'left' ? row[c]!.padEnd(widths[c]!) : row[c]!.padStart(widths[c]!),
        )
        .join('  ')
        .trimEnd(),
    ),
  ]);
}

/** Which columns stand side by side. */
function partsOf(columns: readonly Column[], widths: readonly number[], width: number): number[][] {
  const wide = (part: readonly number[]) => part.reduce((sum, c) => sum + widths[c]! + 2, -2);
  const measured = columns.findIndex(({ as }) => as.form !== 'text' && as.form !== 'whole');
  const names = [...columns.keys()].slice(0, Math.min(KEYS, measured < 0 ? 1 : measured));
  const keys = wide(names) > width / 2 ? names.slice(0, 1) : names;
  const parts: number[][] = [[...keys]];
  for (let c = keys.length; c < columns.length; c++) {
    const last = parts.at(-1)!;
    if (last.length > keys.length && wide([...last, c]) > width) parts.push([...keys, c]);
    else last.push(c);
  }
  return parts;
}
