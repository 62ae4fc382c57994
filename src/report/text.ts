/** A document as text for a terminal: tables in aligned columns. */
import { cellText } from './cell.ts';
import type { Block, Document, Table } from './document.ts';

/** Names of facts take so many columns at least. */
const NAME = 8;

/** The whole document, one trailing newline; an empty line between sections. */
export function textOf(document: Document): string {
  return `${document
    .filter((section) => section.length > 0)
    .map((section) => section.flatMap(linesOf).join('\n'))
    .join('\n\n')}\n`;
}

function linesOf(block: Block): string[] {
  switch (block.kind) {
    case 'sentence':
      return [block.warning ? `warning: ${block.text}` : block.text];
    case 'facts':
      return block.facts.map(([name, text]) => `  ${name.padEnd(NAME)} ${text}`);
    case 'table':
      return tableLines(block);
    case 'command':
      return [`  ${block.words.map(inShell).join(' ')}`];
  }
}

/** A word as a shell takes it, quoted where it would take it apart. */
function inShell(word: string): string {
  return /^[\w@%+=:,./~^-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** A header, then a line a row; columns two spaces apart. */
function tableLines({ columns, rows }: Table): string[] {
  const texts = [
    columns.map(({ title }) => title),
    ...rows.map((row) => row.map((cell, c) => cellText(cell, columns[c]!.as))),
  ];
  const widths = columns.map((_, c) => Math.max(...texts.map((row) => row[c]!.length)));
  return texts.map((row) =>
    row
      .map((text, c) => (columns[c]!.align === 'left' ? text.padEnd(widths[c]!) : text.padStart(widths[c]!)))
      .join('  ')
      .trimEnd(),
  );
}
